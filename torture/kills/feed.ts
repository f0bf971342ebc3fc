// Somebody who reads the event log as a feed, over all kills: each event once, and none left out.

import { setTimeout } from 'node:timers/promises'
import type { Findings } from '../findings.ts'
import type { StoredEvent } from './books.ts'
import { Wire } from './wire.ts'
import { asOperator } from './world.ts'

const PAGE = 200
const PAUSE_MS = 30

export class FeedReader {
  readonly #ids: string[] = []
  #after = 0

  /** Reads what there is, again and again, until `stop` is aborted or nobody answers. */
  async follow(url: string, stop: AbortSignal): Promise<void> {
    const wire = new Wire(url)
    while (!stop.aborted && (await this.#page(wire)) !== undefined) await setTimeout(PAUSE_MS)
    wire.close()
  }

  /** Reads to the end. */
  async finish(url: string): Promise<void> {
    const wire = new Wire(url)
    while (await this.#page(wire));
    wire.close()
  }

  /** What it has seen has to be the log. */
  check(events: readonly StoredEvent[], findings: Findings): void {
    const seen = new Set(this.#ids)
    const missed = events.filter(({ id }) => !seen.has(id))
    findings.count('events that the feed left out or showed twice', missed.length + this.#ids.length - seen.size)
    for (const { type, subject } of missed) findings.fail(`the feed left out ${type} of ${subject}`)
    if (seen.size < this.#ids.length) findings.fail(`the feed showed ${this.#ids.length - seen.size} events twice`)
    if (seen.size > events.length)
      findings.fail(`the feed showed ${seen.size - events.length} events that are not there`)
  }

  /** How many events the next page had; undefined when there was none. */
  async #page(wire: Wire): Promise<number | undefined> {
    const path = `/understudy/v1/events?limit=${PAGE}&after=${this.#after}`
    const reply = await wire.send({ method: 'GET', path, headers: asOperator })
    if (reply?.status !== 200) return undefined
    const events = JSON.parse(reply.text).data as { id: string; sequence: number }[]
    this.#ids.push(...events.map(({ id }) => id))
    this.#after = events.at(-1)?.sequence ?? this.#after
    return events.length
  }
}

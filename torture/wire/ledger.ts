// What the event log may hold: the marks of what was answered as done, and nothing that was refused, cut off or smuggled.

import { once } from 'node:events'
import { get as getHttp, type IncomingMessage } from 'node:http'
import { get as getHttps } from 'node:https'
import type { Findings } from '../findings.ts'
import type { Answer } from './answer.ts'
import { control } from './doors.ts'

interface Event {
  sequence: number
  vendor: string
  subject: string
  requestId: string | null
  data: object
}

/** The headers in which answers tell the request's id; Memberstack's tell none. */
const ID_HEADERS = ['as-trace-id', 'x-ep-request-uuid', 'x-request-id']
const IDLESS = 'memberstack'
const PAGE = 200

export class Ledger {
  readonly #origin: string
  readonly #findings: Findings
  readonly #answered = new Set<string>()
  readonly #expected = new Map<string, string>()
  readonly #maybe = new Set<string>()
  #answeredWithoutId = 0
  #after = 0

  constructor(origin: string, findings: Findings) {
    this.#origin = origin
    this.#findings = findings
  }

  /** Every answer goes through here. */
  note({ status, headers }: Answer): void {
    if (status >= 300) return
    const id = ID_HEADERS.map(name => headers[name]).find(value => value !== undefined)
    if (id === undefined) this.#answeredWithoutId++
    else this.#answered.add(id)
  }

  /** A change that was answered as done: it has to be in the log. `how` is told where it is not. */
  expect(mark: string, how: string): void {
    this.#expected.set(mark, how)
  }

  /** A change whose answer we did not wait for. */
  allow(mark: string): void {
    this.#maybe.add(mark)
  }

  /** Forgets the events so far. */
  async begin(): Promise<void> {
    for await (const event of this.#news()) this.#after = event.sequence
  }

  /** Compares what was answered with the events since the last time; `during` says what went on. */
  async settle(during: string): Promise<void> {
    const idless = new Set<string>()
    const news: { event: Event; told: string }[] = []
    for await (const event of this.#news()) news.push({ event, told: JSON.stringify(event) })
    this.#findings.count('events looked at', news.length)
    this.#findings.count('smuggled or broken off, and carried out', 0)
    this.#findings.count('answered, and lost', 0)
    // What one request did may be several events, of which one tells the mark.
    const allowed = new Set(news.filter(({ told }) => this.#isAllowed(told)).map(({ event }) => event.requestId))
    for (const { event, told } of news) {
      const mark = /w\d+\.mark/.exec(told)?.[0]
      if (mark !== undefined) this.#expected.delete(mark)
      if (/never\d/.test(told)) {
        this.#findings.count('smuggled or broken off, and carried out')
        this.#findings.fail(`${during}: what was never to be carried out was: ${told.slice(0, 400)}`)
      } else if (event.requestId === null || allowed.has(event.requestId)) continue
      else if (event.vendor === IDLESS) idless.add(event.requestId)
      else if (!this.#answered.has(event.requestId)) {
        this.#findings.fail(`${during}: a change that nobody was told of: ${told.slice(0, 400)}`)
      }
    }
    if (idless.size > this.#answeredWithoutId) {
      const counts = `${idless.size} changes, ${this.#answeredWithoutId} answers`
      this.#findings.fail(`${during}: changes of Memberstack's that nobody was told of: ${counts}`)
    }
    for (const [mark, how] of this.#expected) {
      this.#findings.count('answered, and lost')
      this.#findings.fail(`${during}: ${mark} was answered and is lost: ${how}`)
    }
    this.#expected.clear()
    this.#maybe.clear()
    this.#answered.clear()
    this.#answeredWithoutId = 0
  }

  #isAllowed(told: string): boolean {
    const mark = /w\d+\.mark/.exec(told)?.[0]
    return mark !== undefined && this.#maybe.has(mark)
  }

  async *#news(): AsyncGenerator<Event> {
    for (;;) {
      const path = `/understudy/v1/events?limit=${PAGE}&after=${this.#after}`
      const { data } = (await this.#json(path)) as { data: Event[] }
      for (const event of data) {
        this.#after = event.sequence
        yield event
      }
      if (data.length < PAGE) return
    }
  }

  async #json(path: string): Promise<unknown> {
    const [, value = ''] = control.opens[0]?.split(': ') ?? []
    const options = { headers: { authorization: value }, rejectUnauthorized: false, agent: false as const }
    const get = this.#origin.startsWith('https:') ? getHttps : getHttp
    const [reply] = (await once(get(`${this.#origin}${path}`, options), 'response')) as [IncomingMessage]
    const text = (await reply.toArray()).join('')
    if (reply.statusCode !== 200) throw new Error(`the event log was answered with ${reply.statusCode}: ${text}`)
    return JSON.parse(text)
  }
}

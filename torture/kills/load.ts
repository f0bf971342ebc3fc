// The mixed load: many clients, each living one life after the other, until nobody answers any more.

import { setTimeout } from 'node:timers/promises'
import { Random } from '../random.ts'
import { Client, type Clientele, Gone } from './client.ts'
import type { Ledger } from './ledger.ts'
import type { Left } from './life.ts'
import { LIVES } from './lives.ts'
import { Wire } from './wire.ts'

/** A client that was not answered tries elsewhere after so long. */
const PAUSE_MS = 50

/** So many of the keys and tokens that have ended are tried again, the latest. */
const ENDED_MAX = 20

export interface Load extends Clientele {
  /** What ended lives leave to the jobs. */
  left: Left[]
}

let lives = 0

/** Loads the servers at these addresses from all sides. Resolves once `until` has, and nobody is under way any more. */
export async function loadUntil(urls: readonly string[], clients: number, load: Load, until: Promise<unknown>) {
  const { findings, random, left } = load
  const wires = urls.map(url => new Wire(url))
  let over = false
  const ended = until.finally(() => {
    over = true
  })
  const live = async (wire: Wire) => {
    while (!over) {
      const life = random.pick(LIVES)
      try {
        left.push(await life(new Client(wire, { ...load, random: random.fork() }), `p${++lives}`))
        findings.count('lives lived to their end')
      } catch (error) {
        if (!(error instanceof Gone)) throw error
        // Its server may be gone while others answer: the next life is led elsewhere.
        wire = random.pick(wires)
        await setTimeout(PAUSE_MS)
      }
    }
  }
  await Promise.all([ended, ...Array.from({ length: clients }, (_, turn) => live(wires[turn % wires.length] as Wire))])
  for (const wire of wires) wire.close()
}

/**
 * Asks again for what was in doubt, as clients do that were not answered: what was done is refused, what was not is done.
 * And keys and tokens that had ended before have to be refused still.
 */
export async function askAgain(url: string, load: Load, settled: ReturnType<Ledger['compare']>): Promise<void> {
  const wire = new Wire(url)
  const client = new Client(wire, { ...load, random: load.random.fork() })
  for (const { change, done } of settled) {
    const { request, status, steps, again } = change
    load.findings.count(done ? 'unanswered requests that were done' : 'unanswered requests that were not')
    if (!again) continue
    const wanted = done ? { request, status: again.status, steps: again.steps ?? [] } : { request, status, steps }
    load.findings.count('requests asked for again')
    await client.change(wanted).catch((error: unknown) => {
      if (!(error instanceof Gone)) throw error
    })
  }
  for (const { request, status } of load.left.flatMap(({ refused = [] }) => refused).slice(-ENDED_MAX)) {
    load.findings.count('ended keys and tokens tried after a kill')
    await client.read(request, status).catch((error: unknown) => {
      if (!(error instanceof Gone)) throw error
    })
  }
  wire.close()
}

/** Takes every life to its restoring. */
class Unlucky extends Random {
  override chance(): boolean {
    return false
  }
}

/**
 * Lives each life as often as it has changes that can be asked for again, and once more: each time another one of them is.
 * A kill that leaves one of them done and unanswered comes too rarely to show that what is then answered is right.
 */
export async function forgetEach(url: string, load: Load): Promise<void> {
  const wire = new Wire(url)
  for (const life of LIVES) {
    for (let client: Client | undefined, place = 0; client === undefined || client.hasForgotten; place++) {
      client = new Client(wire, { ...load, random: new Unlucky(place) }, place)
      await life(client, `p${++lives}`).catch((error: unknown) => {
        if (!(error instanceof Gone)) throw error
      })
    }
  }
  wire.close()
}

// How the server is while it is attacked, and afterwards: whether others are served, and what it holds.

import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { memoryOf } from '../../bench/memory.ts'
import type { Findings } from '../findings.ts'
import { doors, readBytes } from './doors.ts'
import { bytesOf } from './request.ts'
import { PATIENCE_MS, Wire } from './wire.ts'

const BEAT_MS = 100
/** Sockets to a client that has just left, timers and the like. */
const DESCRIPTORS_MORE = 8
/** What a runtime keeps of a heap that was once larger. */
const MEMORY_MORE_MIB = 384
const READY = bytesOf('GET /ready HTTP/1.1', ['host: wire.test'])

/** Asks `/ready` and something of every door's in turn, on a connection that stays open, until it is stopped. */
export class Watch {
  readonly #findings: Findings
  #stopped = false
  readonly #ended: Promise<void>

  constructor(origin: string, findings: Findings, during: string) {
    this.#findings = findings
    this.#ended = this.#beat(origin, during)
  }

  /** Ends it; at least one beat has been. */
  async stop(): Promise<void> {
    this.#stopped = true
    await this.#ended
  }

  async #beat(origin: string, during: string): Promise<void> {
    const wire = await Wire.open(origin)
    for (let beat = 0; beat === 0 || !this.#stopped; beat++) {
      const door = doors[beat % doors.length]
      const [before] = [wire.answers.length]
      wire.write(READY)
      if (door) wire.write(readBytes(door, beat))
      const inTime = await wire.until(() => wire.answers.length >= before + 2)
      const statuses = wire.answers.slice(before).map(({ status }) => status)
      if (!inTime || statuses.some(status => status !== 200)) {
        this.#findings.fail(
          `during ${during}: /ready and ${door?.name} were answered with [${statuses}], ${inTime ? '' : `late (${PATIENCE_MS} ms) or `}not with 200 twice`,
        )
        break
      }
      this.#findings.count('others served during attacks', 2)
      await sleep(BEAT_MS)
    }
    wire.reset()
  }
}

export interface Held {
  descriptors: number
  memoryMiB: number
}

/** What a process holds now. Linux only; zeros elsewhere. */
export function heldBy(pid: number): Held {
  try {
    return { descriptors: readdirSync(`/proc/${pid}/fd`).length, memoryMiB: memoryOf(pid).nowMiB }
  } catch {
    return { descriptors: 0, memoryMiB: 0 }
  }
}

/** Waits until the process holds about as little as before. What it says is what it still holds too much of. */
export async function isBackTo(before: Held, pid: number): Promise<string | undefined> {
  const until = performance.now() + PATIENCE_MS
  for (;;) {
    const now = heldBy(pid)
    const less = now.descriptors <= before.descriptors + DESCRIPTORS_MORE
    if (less && now.memoryMiB <= before.memoryMiB + MEMORY_MORE_MIB) return undefined
    if (performance.now() > until) return `${JSON.stringify(now)}, at first ${JSON.stringify(before)}`
    await sleep(BEAT_MS)
  }
}

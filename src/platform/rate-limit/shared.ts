// What counters stand on that several nodes share. They lie in unlogged tables: a database that crashes forgets them, and
// windows open anew. Each take is one statement that decides and counts, so no node ever sees another's half.

import type { Clock } from '../clock.ts'
import type { RunShared } from '../db/engine.ts'

export interface Shared {
  clock: Clock
  run: RunShared
  /** What stands in the store for a key: a keyed hash, the same on every node. Keys may name people, and be long. */
  idOf(key: string): string
}

/** How far the nodes' clocks may be apart. What lies further ahead is from before a clock was set back. */
export const SKEW_MS = 1000

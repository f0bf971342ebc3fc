// What goes over many rows does a bounded number at a time: one statement over all of them holds everybody up on SQLite,
// and on PostgreSQL is ended by its time limit, whenever it is tried.

import { setImmediate } from 'node:timers/promises'

const SIZE = 100

/** Repeats `turn`, which says how many of at most `limit` rows it found, until it finds fewer or `stop` is aborted. */
export async function inBatches(
  stop: AbortSignal,
  turn: (limit: number) => Promise<number>,
  size = SIZE,
): Promise<void> {
  while (!stop.aborted && (await turn(size)) === size) {
    // Requests get their turn: SQLite answers without one.
    await setImmediate()
  }
}

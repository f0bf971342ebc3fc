// Counters of windows that ended and of buckets that are full again count for nothing: their rows are removed.

import { sql } from 'kysely'
import { inBatches } from '../batches.ts'
import type { Context } from '../context.ts'
import { deleteSome } from '../db/engine.ts'
import type { Job } from '../jobs.ts'

/** The tables, and from which moment on a row matters no more. */
const TABLES = [
  ['rate_windows', 'ends_at'],
  ['rate_buckets', 'counted_at'],
] as const
/** So late that no node whose clock is behind still counts with it, and every bucket is full. */
const KEPT_MS = 60_000
const BATCH = 1000

type Counted = Pick<Context, 'db' | 'clock'>

export const purgeJob: Job = { name: 'rate-limit-purge', everyMs: 60_000, run: purge }

export async function purge(ctx: Counted, stop: AbortSignal): Promise<void> {
  for (const [table, moment] of TABLES) {
    // No index leads to them: it would cost every take, and the tables are small.
    const past = sql`${sql.ref(moment)} < ${ctx.clock.now() - KEPT_MS}`
    await inBatches(stop, limit => deleteSome(ctx.db, table, ['key'], past, limit), BATCH)
  }
}

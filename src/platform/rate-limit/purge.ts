// Counters of windows that ended and of buckets that are full again count for nothing: their rows are removed.

import { sql } from 'kysely'
import type { Context } from '../context.ts'
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
    let found = BATCH
    while (found === BATCH && !stop.aborted) found = await purgeBatch(ctx, table, moment)
  }
}

/** No index leads to them: it would cost every take, and the tables are small. */
async function purgeBatch({ db, clock }: Counted, table: string, moment: string): Promise<number> {
  const old = sql`select key from ${sql.table(table)} where ${sql.ref(moment)} < ${clock.now() - KEPT_MS}
    limit ${BATCH} for update skip locked`
  const { numAffectedRows } = await sql`delete from ${sql.table(table)} where key in (${old})`.execute(db)
  return Number(numAffectedRows)
}

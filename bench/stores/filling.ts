// How a large store is filled in minutes: no waiting for the disk, and no building of statements.

import { type CompiledQuery, type DialectAdapter, type InsertObject, sql } from 'kysely'
import { type Context, withTransaction } from '../../src/platform/context.ts'
import type { Database } from '../../src/platform/db/database.ts'
import { isPostgresUrl } from '../../src/platform/db/engine.ts'
import { createWatermark } from '../../src/platform/events/seals.store.ts'
import { watermarkProof } from '../../src/platform/events/seals.ts'

/** The most that is held in memory; what a million rows take. */
const CACHE_KIB = 2 * 1024 ** 2

/**
 * Fills the store at `data` in one transaction, so that each page of an index that is filled in no order is written once.
 * SQLite does not wait for the disk meanwhile; a store that breaks while it is filled is not used.
 */
export async function quickly(ctx: Context, data: string, fill: (tx: Context) => Promise<void>): Promise<void> {
  const onSqlite = !isPostgresUrl(data)
  const run = (statement: string) => sql.raw(statement).execute(ctx.db)
  if (onSqlite) {
    await run('pragma journal_mode = off')
    await run('pragma synchronous = off')
    await run(`pragma cache_size = -${CACHE_KIB}`)
  }
  await withTransaction(ctx, null, fill)
  await markSealed(ctx)
  // PostgreSQL would do so by itself within a minute.
  await run(onSqlite ? 'pragma journal_mode = wal' : 'analyze')
}

/**
 * Has a server begin to seal after the events that are in the store: it would seal a million for minutes beside what is
 * measured. They have no seals themselves.
 */
export async function markSealed(ctx: Context): Promise<void> {
  const last = await ctx.db
    .selectFrom('events')
    .select('sequence')
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst()
  const mark = { sequence: last?.sequence ?? 0, seals: 0 }
  await createWatermark(ctx, { ...mark, proof: watermarkProof(ctx.vault, mark) })
}

/**
 * Inserts rows whose columns come in the same order each time. The statement is built once: building it for each row
 * takes several times as long as storing the row.
 */
export function inserter<Table extends keyof Database & string>(table: Table) {
  const compiledFor = new WeakMap<DialectAdapter, CompiledQuery>()
  return async (tx: Context, row: InsertObject<Database, Table>) => {
    const { adapter } = tx.db.getExecutor()
    const query = compiledFor.get(adapter) ?? tx.db.insertInto(table).values(row).compile()
    compiledFor.set(adapter, query)
    await tx.db.executeQuery({ ...query, parameters: Object.values(row) })
  }
}

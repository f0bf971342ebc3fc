// How a large store is filled in minutes: no waiting for the disk, and no building of statements.

import { type CompiledQuery, type DialectAdapter, type InsertObject, sql } from 'kysely'
import type { Context } from '../../src/platform/context.ts'
import type { Database } from '../../src/platform/db/database.ts'
import { isPostgresUrl } from '../../src/platform/db/engine.ts'

const CACHE_KIB = 1024 ** 2

/** Makes the store at `data` quick to fill, for this connection alone. One that breaks while it is filled is not used. */
export async function fillFast(ctx: Context, data: string): Promise<void> {
  if (isPostgresUrl(data)) return
  await sql`pragma synchronous = off`.execute(ctx.db)
  await sql.raw(`pragma cache_size = -${CACHE_KIB}`).execute(ctx.db)
}

/** Lets PostgreSQL know what it holds now, as it would by itself within a minute. */
export async function settle(ctx: Context, data: string): Promise<void> {
  if (isPostgresUrl(data)) await sql`analyze`.execute(ctx.db)
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

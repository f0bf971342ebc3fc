// A PostgreSQL database as the place of a store: what is in it, and what stands aside while rows come in.

import { type Kysely, sql } from 'kysely'
import type { Database } from '../database.ts'
import { quoted, type Table } from './source.ts'

export interface TargetTable {
  /** The type of each column. */
  columns: Map<string, string>
  /** False for one that PostgreSQL itself empties after a crash (unlogged): what is in it is not worth moving. */
  lasting: boolean
}

/** The tables by name; the migrations' own are left out. */
export async function tablesIn(tx: Kysely<Database>): Promise<Map<string, TargetTable>> {
  const { rows } = await sql<{ table: string; column: string; type: string; lasting: boolean }>`
    select c.relname as table, a.attname as column, format_type(a.atttypid, null) as type,
      c.relpersistence = 'p' as lasting
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = to_regnamespace(current_schema()) and c.relkind in ('r', 'p')
      and not starts_with(c.relname, 'kysely_migration')`.execute(tx)
  const byTable = Map.groupBy(rows, ({ table }) => table)
  return new Map(
    [...byTable].map(([table, columns]) => [
      table,
      {
        columns: new Map(columns.map(({ column, type }) => [column, type])),
        lasting: columns.every(({ lasting }) => lasting),
      },
    ]),
  )
}

/** The names of the migrations that a database has been through. */
export async function appliedIn(tx: Kysely<Database>): Promise<string[]> {
  const kept = await sql<{ there: boolean }>`select to_regclass('kysely_migration') is not null as there`.execute(tx)
  if (!kept.rows[0]?.there) return []
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(tx)
  return rows.map(({ name }) => name)
}

/** The highest that each table's growing number has been, in rows that are gone too. */
export async function lastNumbersIn(tx: Kysely<Database>): Promise<Map<string, string>> {
  const { rows } = await sql<{ table: string; last: string }>`
    select t.relname as table, s.last_value as last
    from pg_depend d join pg_class t on t.oid = d.refobjid join pg_class q on q.oid = d.objid and q.relkind = 'S'
      join pg_sequences s on s.schemaname = current_schema() and s.sequencename = q.relname
    where d.deptype in ('a', 'i') and t.relnamespace = to_regnamespace(current_schema())
      and s.last_value is not null`.execute(tx)
  return new Map(rows.map(({ table, last }) => [table, last]))
}

/** Keeps everybody else out until the transaction ends. Throws when there is a table of something else, or any row. */
export async function holdEmpty(tx: Kysely<Database>, tables: readonly Table[]): Promise<void> {
  const known = new Set(tables.map(({ name }) => name))
  const lasting = [...(await tablesIn(tx))].filter(([, { lasting }]) => lasting)
  const names = lasting.map(([name]) => name)
  const foreign = names.filter(name => !known.has(name))
  if (foreign.length > 0) throw notEmpty(`it has tables of something else: ${foreign.join(', ')}`)
  const filled: string[] = []
  for (const name of names) {
    await sql`lock table ${sql.table(name)} in access exclusive mode`.execute(tx)
    const { rows } = await sql`select from ${sql.table(name)} limit 1`.execute(tx)
    if (rows.length > 0) filled.push(name)
  }
  if (filled.length > 0) throw notEmpty(`there are rows in ${filled.join(', ')}`)
}

function notEmpty(why: string): Error {
  return new Error(`the target database is not empty: ${why}. Name an empty one; nothing was changed`)
}

/**
 * Takes off the foreign keys and every index that is not a key's: built once over all rows, they take a fraction of the
 * time, and rows may come in any order. What is returned puts them back, and throws where a row does not fit.
 */
export async function withoutIndexes(tx: Kysely<Database>): Promise<() => Promise<void>> {
  const { rows } = await sql<{ remove: string; restore: string }>`
    select format('alter table %s drop constraint %I', conrelid::regclass, conname) as remove,
      format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) as restore
    from pg_constraint
    where contype = 'f' and connamespace = to_regnamespace(current_schema())
    union all
    select format('drop index %s', indexrelid::regclass), pg_get_indexdef(indexrelid)
    from pg_index i join pg_class c on c.oid = i.indexrelid
    where c.relnamespace = to_regnamespace(current_schema())
      and not exists (select from pg_constraint k where k.conindid = i.indexrelid)`.execute(tx)
  for (const { remove } of rows) await sql.raw(remove).execute(tx)
  return async () => {
    for (const { restore } of rows) await sql.raw(restore).execute(tx)
  }
}

/** Growing numbers go on after the highest that has been; the planner learns what is there. */
export async function goOn(tx: Kysely<Database>, tables: readonly Table[]): Promise<void> {
  for (const { name, lastNumber } of tables) {
    await sql`analyze ${sql.table(name)}`.execute(tx)
    if (lastNumber !== null) await continueAfter(tx, name, lastNumber)
  }
}

async function continueAfter(tx: Kysely<Database>, table: string, last: number): Promise<void> {
  const { rows } = await sql<{ sequence: string }>`
    select objid::regclass::text as sequence from pg_depend
    where refobjid = to_regclass(${quoted(table)}) and deptype in ('a', 'i')
      and objid in (select oid from pg_class where relkind = 'S')`.execute(tx)
  for (const { sequence } of rows) {
    // Unlike `setval`, undone with the transaction; and the last number is one that has been taken, as after any insert.
    await sql.raw(`alter sequence ${sequence} restart with ${last}`).execute(tx)
    await sql`select nextval(${sequence})`.execute(tx)
  }
}

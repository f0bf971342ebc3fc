import { type Kysely, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import type { Database } from './database.ts'

/** Migrations by name. Names start with a date, so that they sort by age over all rooms and vendors. */
export type Migrations = Record<string, Migration>

/** Brings the store to the newest shape; safe to call at each start. Throws what the failing migration threw. */
export async function migrate(db: Kysely<Database>, migrations: Migrations): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
  const { error } = await migrator.migrateToLatest()
  if (error) throw error
}

/** Whether every known migration has been applied: `/ready` asks. */
export async function isMigrated(db: Kysely<Database>, migrations: Migrations): Promise<boolean> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
  return (await migrator.getMigrations()).every(migration => migration.executedAt !== undefined)
}

/** How a store stands to the migrations that are known here; `newer`: it has been through others as well. */
export type StoreAge = 'empty' | 'older' | 'current' | 'newer'

/** Reads, and changes nothing. */
export async function ageOf(db: Kysely<Database>, migrations: Migrations): Promise<StoreAge> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some(({ name }) => name === 'kysely_migration')) return 'empty'
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db)
  const applied = new Set(rows.map(({ name }) => name))
  const known = Object.keys(migrations)
  if (rows.some(({ name }) => !known.includes(name))) return 'newer'
  if (applied.size === 0) return 'empty'
  return known.every(name => applied.has(name)) ? 'current' : 'older'
}

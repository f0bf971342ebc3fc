import type { Kysely } from 'kysely'
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

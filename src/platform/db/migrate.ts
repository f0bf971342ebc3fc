import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { Database } from './database.ts'
import { isMissingTable } from './engine.ts'

declare module './database.ts' {
  interface Database {
    /** Where the library writes down what was applied. */
    kysely_migration: { name: string; timestamp: string }
  }
}

/** Migrations by name. Names start with a date, so that they sort by age over all rooms and vendors. */
export type Migrations = Record<string, Migration>

/** Brings the store to the newest shape; safe to call at each start. Throws what the failing migration threw. */
export async function migrate(db: Kysely<Database>, migrations: Migrations): Promise<void> {
  // Most starts have nothing to migrate.
  const { Migrator } = await import('kysely/migration')
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
  const { error } = await migrator.migrateToLatest()
  if (error) throw error
}

/** Whether every known migration has been applied: `/ready` asks. */
export async function isMigrated(db: Kysely<Database>, migrations: Migrations): Promise<boolean> {
  try {
    const applied = new Set((await db.selectFrom('kysely_migration').select('name').execute()).map(({ name }) => name))
    return Object.keys(migrations).every(name => applied.has(name))
  } catch (error) {
    if (isMissingTable(error)) return false
    throw error
  }
}

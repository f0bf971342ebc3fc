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
  const applied = await appliedIn(db)
  return Object.keys(migrations).every(name => applied.has(name))
}

/** How a store stands to the migrations that are known here; `newer`: it has been through others as well. */
export type StoreAge = 'empty' | 'older' | 'current' | 'newer'

/** Reads, and changes nothing. */
export async function ageOf(db: Kysely<Database>, migrations: Migrations): Promise<StoreAge> {
  const applied = await appliedIn(db)
  if (applied.size === 0) return 'empty'
  const known = new Set(Object.keys(migrations))
  if (!applied.isSubsetOf(known)) return 'newer'
  return known.isSubsetOf(applied) ? 'current' : 'older'
}

/** The names of the migrations that a store has been through; none of one that nobody has used. */
async function appliedIn(db: Kysely<Database>): Promise<Set<string>> {
  try {
    return new Set((await db.selectFrom('kysely_migration').select('name').execute()).map(({ name }) => name))
  } catch (error) {
    if (isMissingTable(error)) return new Set()
    throw error
  }
}

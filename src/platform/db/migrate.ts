import { type Kysely, sql } from 'kysely'
import { DEFAULT_MIGRATION_TABLE, type Migration, Migrator } from 'kysely/migration'
import type { Database } from './database.ts'

/** Migrations by name. Names start with a date, so that they sort by age over all rooms and vendors. */
export type Migrations = Record<string, Migration>

/** Brings the store to the newest shape; safe to call at each start. Throws what the failing migration threw. */
export async function migrate(db: Kysely<Database>, migrations: Migrations): Promise<void> {
  if (await isNewest(db, migrations)) return
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
  const { error } = await migrator.migrateToLatest()
  if (error) throw error
}

/** Whether every known migration has been applied: `/ready` asks. */
export async function isMigrated(db: Kysely<Database>, migrations: Migrations): Promise<boolean> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
  return (await migrator.getMigrations()).every(migration => migration.executedAt !== undefined)
}

/** A look at one table: the library reads the whole catalogue, and waits for its lock, even where there is nothing to do. */
async function isNewest(db: Kysely<Database>, migrations: Migrations): Promise<boolean> {
  try {
    const { rows } = await sql<{ name: string }>`select name from ${sql.table(DEFAULT_MIGRATION_TABLE)}`.execute(db)
    const applied = new Set(rows.map(({ name }) => name))
    return applied.symmetricDifference(new Set(Object.keys(migrations))).size === 0
  } catch {
    // There is no such table yet; or no store, as what comes next will say.
    return false
  }
}

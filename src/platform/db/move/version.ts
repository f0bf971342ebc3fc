import type { Kysely } from 'kysely'
import type { Database } from '../database.ts'
import type { Migrations } from '../migrate.ts'

/** Throws when a store, which has been through the migrations `applied`, is not to be copied. */
export type Check = (db: Kysely<Database>, applied: readonly string[]) => Promise<void>

/** What to do about a store of another version. */
export interface Advice {
  newer: string
  older: string
}

/** Throws, with the advice, when `what` has been through other migrations than these. */
export function checkVersion(
  what: string,
  applied: readonly string[],
  migrations: Migrations,
  { newer, older }: Advice,
): void {
  const known = Object.keys(migrations)
  if (applied.some(name => !known.includes(name))) throw new Error(`${what} is of a newer version; ${newer}`)
  if (known.some(name => !applied.includes(name))) throw new Error(`${what} is of an older version; ${older}`)
}

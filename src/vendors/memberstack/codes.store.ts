import { type Selectable, sql } from 'kysely'
import type { Context } from '../../platform/context.ts'
import { deleteSome } from '../../platform/db/engine.ts'
import type { Environment, Realm } from './realm.ts'

export type CodePurpose = 'signup' | 'login' | 'reset' | 'verification'

interface CodeTable {
  app_id: string
  environment: Environment
  purpose: CodePurpose
  email_key: string
  /** Keyed hash of the code with all that it is for. */
  code_hash: string
  /** How often it was tried. */
  tries: number
  expires_at: string
}

declare module '../../platform/db/database.ts' {
  interface Database {
    memberstack_codes: CodeTable
  }
}

export type CodeRow = Selectable<CodeTable>

/** A reset code names its email: no two of one environment are equal. */
export function findReset(ctx: Context, realm: Realm, codeHash: string): Promise<CodeRow | undefined> {
  return ctx.db
    .selectFrom('memberstack_codes')
    .selectAll()
    .where('app_id', '=', realm.tenant)
    .where('environment', '=', realm.environment)
    .where('purpose', '=', 'reset')
    .where('code_hash', '=', codeHash)
    .executeTakeFirst()
}

/** Stores a code in place of an older one of its purpose. Returns false when another reset code is the same. */
export async function replace(tx: Context, row: CodeRow): Promise<boolean> {
  const { app_id: tenant, environment, purpose, email_key } = row
  await remove(tx, { tenant, environment }, purpose, email_key)
  const stored = await tx.db
    .insertInto('memberstack_codes')
    .values(row)
    .onConflict(conflict => conflict.doNothing())
    .returning('code_hash')
    .executeTakeFirst()
  return stored !== undefined
}

/** Counts a try, and holds the row until the transaction ends: tries at once are counted one by one. */
export function noteTry(
  tx: Context,
  realm: Realm,
  purpose: CodePurpose,
  emailKey: string,
): Promise<CodeRow | undefined> {
  return tx.db
    .updateTable('memberstack_codes')
    .set(eb => ({ tries: eb('tries', '+', 1) }))
    .where('app_id', '=', realm.tenant)
    .where('environment', '=', realm.environment)
    .where('purpose', '=', purpose)
    .where('email_key', '=', emailKey)
    .returningAll()
    .executeTakeFirst()
}

/** One purpose's, or all of an email. */
export async function remove(
  tx: Context,
  realm: Realm,
  purpose: CodePurpose | undefined,
  emailKey: string,
): Promise<void> {
  let query = tx.db
    .deleteFrom('memberstack_codes')
    .where('app_id', '=', realm.tenant)
    .where('environment', '=', realm.environment)
    .where('email_key', '=', emailKey)
  if (purpose !== undefined) query = query.where('purpose', '=', purpose)
  await query.execute()
}

/** Forgets codes that expired by `time`. Returns how many of at most `limit`. */
export function purge(ctx: Context, time: string, limit: number): Promise<number> {
  const key = ['app_id', 'environment', 'purpose', 'email_key']
  return deleteSome(ctx.db, 'memberstack_codes', key, sql`expires_at <= ${time}`, limit)
}

import type { Selectable } from 'kysely'
import type { Context } from '../../platform/context.ts'

interface SigningKeyTable {
  kid: string
  sealed_private_key: string
  /** JSON: the public half as a JWK. */
  public_jwk: string
  created_at: string
  /** Null for the one that signs. */
  retired_at: string | null
}

declare module '../../platform/db/database.ts' {
  interface Database {
    memberstack_signing_keys: SigningKeyTable
  }
}

export type SigningKeyRow = Selectable<SigningKeyTable>

/** All that tokens may still be signed with, the newest first. */
export function list(ctx: Context): Promise<SigningKeyRow[]> {
  return ctx.db
    .selectFrom('memberstack_signing_keys')
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('kid')
    .execute()
}

/** Stores the key that signs from now on, unless there is one already. */
export async function insertIfNone(tx: Context, row: SigningKeyRow): Promise<void> {
  await tx.db
    .insertInto('memberstack_signing_keys')
    .values(row)
    .onConflict(conflict => conflict.doNothing())
    .execute()
}

/** Takes the key that signs out of use. */
export async function retire(tx: Context, at: string): Promise<void> {
  await tx.db.updateTable('memberstack_signing_keys').set({ retired_at: at }).where('retired_at', 'is', null).execute()
}

/**
 * Forgets keys that were retired before `retiredBefore` and of whose tokens none lives on at `nowSeconds`. Returns
 * whether there were any.
 */
export async function purge(ctx: Context, retiredBefore: string, nowSeconds: number): Promise<boolean> {
  const { numDeletedRows } = await ctx.db
    .deleteFrom('memberstack_signing_keys')
    .where('retired_at', '<', retiredBefore)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('memberstack_tokens')
            .select('kid')
            .whereRef('memberstack_tokens.kid', '=', 'memberstack_signing_keys.kid')
            .where('expires_at', '>', nowSeconds),
        ),
      ),
    )
    .executeTakeFirst()
  return numDeletedRows > 0n
}

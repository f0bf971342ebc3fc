import { sql } from 'kysely'
import type { Context } from '../../platform/context.ts'
import { deleteSome } from '../../platform/db/engine.ts'
import { prepared } from '../../platform/db/prepared.ts'
import type { Environment, Realm } from './realm.ts'

interface TokenTable {
  app_id: string
  environment: Environment
  member_id: string
  /** Seconds since the epoch: with its member the token's name. */
  issued_at: number
  expires_at: number
  /** The key that signed it. */
  kid: string
  /** Why it counts no more; null while it does. */
  ended_by: string | null
}

declare module '../../platform/db/database.ts' {
  interface Database {
    memberstack_tokens: TokenTable
  }
}

export interface IssuedToken {
  memberId: string
  issuedAt: number
  expiresAt: number
  kid: string
}

/** What ends tokens before their time; all for good. */
export type EndCause = 'logout' | 'password' | 'deleted' | 'offboarded'

type IssuedRow = Pick<TokenTable, 'issued_at' | 'expires_at' | 'kid' | 'ended_by'>

type Key = {
  tenant: string
  environment: Environment
  memberId: string
  issuedAt: number
}

const livingPrepared = prepared<Key, { expires_at: number }>((db, value) =>
  db
    .selectFrom('memberstack_tokens')
    .select('expires_at')
    .where('app_id', '=', value('tenant'))
    .where('environment', '=', value('environment'))
    .where('member_id', '=', value('memberId'))
    .where('issued_at', '=', value('issuedAt'))
    .where('ended_by', 'is', null),
)

/** Whether this token was issued and not ended. Its expiry is the caller's to check. */
export async function isLiving(
  ctx: Context,
  { tenant, environment }: Realm,
  { memberId, issuedAt }: Pick<IssuedToken, 'memberId' | 'issuedAt'>,
): Promise<boolean> {
  return (await livingPrepared(ctx, { tenant, environment, memberId, issuedAt })).length > 0
}

const issuedPrepared = prepared<Omit<Key, 'issuedAt'> & { from: number; to: number }, IssuedRow>((db, value) =>
  db
    .selectFrom('memberstack_tokens')
    .select(['issued_at', 'expires_at', 'kid', 'ended_by'])
    .where('app_id', '=', value('tenant'))
    .where('environment', '=', value('environment'))
    .where('member_id', '=', value('memberId'))
    .where('issued_at', '>=', value('from'))
    .where('issued_at', '<=', value('to'))
    .orderBy('issued_at', 'desc'),
)

/** The tokens that this member was issued in the seconds from `from` to `to`, the latest first. */
export async function issuedBetween(
  tx: Context,
  { tenant, environment }: Realm,
  memberId: string,
  from: number,
  to: number,
): Promise<(Omit<IssuedToken, 'memberId'> & { ended: boolean })[]> {
  const rows = await issuedPrepared(tx, { tenant, environment, memberId, from, to })
  return rows.map(row => ({
    issuedAt: row.issued_at,
    expiresAt: row.expires_at,
    kid: row.kid,
    ended: row.ended_by !== null,
  }))
}

export async function insert(tx: Context, { tenant, environment }: Realm, token: IssuedToken): Promise<void> {
  await tx.db
    .insertInto('memberstack_tokens')
    .values({
      app_id: tenant,
      environment,
      member_id: token.memberId,
      issued_at: token.issuedAt,
      expires_at: token.expiresAt,
      kid: token.kid,
      ended_by: null,
    })
    .execute()
}

/** Ends one token. Returns whether it counted until now. */
export async function end(
  tx: Context,
  realm: Realm,
  { memberId, issuedAt }: Pick<IssuedToken, 'memberId' | 'issuedAt'>,
  cause: EndCause,
): Promise<boolean> {
  const { numUpdatedRows } = await living(tx, realm, memberId)
    .set({ ended_by: cause })
    .where('issued_at', '=', issuedAt)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

/** Ends all tokens of a member, but for the one issued at `keep`. */
export async function endAll(
  tx: Context,
  realm: Realm,
  memberId: string,
  cause: EndCause,
  keep?: number,
): Promise<void> {
  let query = living(tx, realm, memberId).set({ ended_by: cause })
  if (keep !== undefined) query = query.where('issued_at', '!=', keep)
  await query.execute()
}

/** Forgets tokens that have expired. Returns how many of at most `limit`. */
export function purge(ctx: Context, nowSeconds: number, limit: number): Promise<number> {
  const key = ['app_id', 'environment', 'member_id', 'issued_at']
  return deleteSome(ctx.db, 'memberstack_tokens', key, sql`expires_at <= ${nowSeconds}`, limit)
}

function living(tx: Context, { tenant, environment }: Realm, memberId: string) {
  return tx.db
    .updateTable('memberstack_tokens')
    .where('app_id', '=', tenant)
    .where('environment', '=', environment)
    .where('member_id', '=', memberId)
    .where('ended_by', 'is', null)
}

import type { Context } from '../../../platform/context.ts'

/** Sign-in links and sessions, authorization codes, access and refresh tokens. */
export type SecretKind = 'link' | 'session' | 'code' | 'access' | 'refresh'

interface OauthTokenTable {
  token_hash: string
  kind: SecretKind
  /** Whose link or session; null for a link that was never mailed. */
  account_id: string | null
  /** What a code or token belongs to. */
  grant_id: string | null
  /** The authorization request that a link leads back to, or that a code answers; as a query string. */
  request: string | null
  /** What an access token may do, as a JSON array of scope names. */
  scopes: string | null
  created_at: string
  expires_at: string
  used_at: string | null
  /** When it can be forgotten: a used code is known for longer than it is good. */
  kept_until: string
}

declare module '../../../platform/db/database.ts' {
  interface Database {
    aftership_oauth_tokens: OauthTokenTable
  }
}

/** A secret's row; the secret itself is stored nowhere. */
export interface Secret {
  tokenHash: string
  kind: SecretKind
  accountId: string | null
  grantId: string | null
  request: string | null
  scopes: readonly string[] | null
  createdAt: string
  expiresAt: string
  usedAt: string | null
  keptUntil: string
}

export async function find(ctx: Context, kinds: readonly SecretKind[], tokenHash: string): Promise<Secret | undefined> {
  const row = await ctx.db
    .selectFrom('aftership_oauth_tokens')
    .selectAll()
    .where('token_hash', '=', tokenHash)
    .where('kind', 'in', kinds)
    .executeTakeFirst()
  return (
    row && {
      tokenHash: row.token_hash,
      kind: row.kind,
      accountId: row.account_id,
      grantId: row.grant_id,
      request: row.request,
      scopes: row.scopes === null ? null : (JSON.parse(row.scopes) as string[]),
      createdAt: row.created_at,
      expiresAt: row.expires_at,
      usedAt: row.used_at,
      keptUntil: row.kept_until,
    }
  )
}

/** How many links were mailed to an account after `since`. */
export async function countLinks(ctx: Context, accountId: string, since: string): Promise<number> {
  const row = await ctx.db
    .selectFrom('aftership_oauth_tokens')
    .select(eb => eb.fn.countAll<number>().as('links'))
    .where('account_id', '=', accountId)
    .where('kind', '=', 'link')
    .where('created_at', '>', since)
    .executeTakeFirst()
  return Number(row?.links ?? 0)
}

export async function insert(tx: Context, secret: Secret): Promise<void> {
  await tx.db
    .insertInto('aftership_oauth_tokens')
    .values({
      token_hash: secret.tokenHash,
      kind: secret.kind,
      account_id: secret.accountId,
      grant_id: secret.grantId,
      request: secret.request,
      scopes: secret.scopes === null ? null : JSON.stringify(secret.scopes),
      created_at: secret.createdAt,
      expires_at: secret.expiresAt,
      used_at: secret.usedAt,
      kept_until: secret.keptUntil,
    })
    .execute()
}

/** Uses a secret up. False when it was used before: of two at once, one wins. */
export async function use(tx: Context, tokenHash: string, usedAt: string, keptUntil: string): Promise<boolean> {
  const row = await tx.db
    .updateTable('aftership_oauth_tokens')
    .set({ used_at: usedAt, kept_until: keptUntil })
    .where('token_hash', '=', tokenHash)
    .where('used_at', 'is', null)
    .returning('token_hash')
    .executeTakeFirst()
  return row !== undefined
}

/** Secrets that need not be known any more at `now`. */
export function listForgettable(
  ctx: Context,
  now: string,
  limit: number,
): Promise<{ token_hash: string; grant_id: string | null }[]> {
  return ctx.db
    .selectFrom('aftership_oauth_tokens')
    .select(['token_hash', 'grant_id'])
    .where('kept_until', '<=', now)
    .orderBy('kept_until')
    .limit(limit)
    .execute()
}

export async function remove(tx: Context, tokenHash: string): Promise<void> {
  await tx.db.deleteFrom('aftership_oauth_tokens').where('token_hash', '=', tokenHash).execute()
}

/** Whether any code or token of a grant is still known. */
export async function existsForGrant(ctx: Context, grantId: string): Promise<boolean> {
  const row = await ctx.db
    .selectFrom('aftership_oauth_tokens')
    .select('token_hash')
    .where('grant_id', '=', grantId)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

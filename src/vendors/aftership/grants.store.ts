import type { Selectable } from 'kysely'
import type { Context } from '../../platform/context.ts'
import type { Place } from '../../platform/db/keyset.ts'

interface GrantTable {
  id: string
  app_id: string
  organization_id: string
  account_id: string
  /** JSON array of scope names. */
  scopes: string
  created_at: string
  ended_at: string | null
  /** What ended it; a membership's removal (`membership:ID`) may bring it back, nothing else. */
  ended_by: string | null
}

declare module '../../platform/db/database.ts' {
  interface Database {
    aftership_grants: GrantTable
  }
}

export interface Grant {
  id: string
  appId: string
  organizationId: string
  accountId: string
  scopes: string[]
  createdAt: string
  endedAt: string | null
  endedBy: string | null
}

/** What an access token opens. */
export interface Access {
  id: string
  organizationId: string
  scopes: string[]
  expiresAt: string
}

/** By id alone: for the holder of one of its tokens. */
export async function findById(ctx: Context, id: string): Promise<Grant | undefined> {
  const row = await ctx.db.selectFrom('aftership_grants').selectAll().where('id', '=', id).executeTakeFirst()
  return row && grantOf(row)
}

export async function find(ctx: Context, organizationId: string, id: string): Promise<Grant | undefined> {
  const row = await ctx.db
    .selectFrom('aftership_grants')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('id', '=', id)
    .executeTakeFirst()
  return row && grantOf(row)
}

/** The access token under this hash, expired or not; none whose grant has ended. */
export async function findAccess(ctx: Context, tokenHash: string): Promise<Access | undefined> {
  const row = await ctx.db
    .selectFrom('aftership_oauth_tokens as t')
    .innerJoin('aftership_grants as g', 'g.id', 't.grant_id')
    .select(['g.id', 'g.organization_id', 't.scopes', 't.expires_at'])
    .where('t.token_hash', '=', tokenHash)
    .where('t.kind', '=', 'access')
    .where('g.ended_at', 'is', null)
    .executeTakeFirst()
  if (!row) return undefined
  const scopes = JSON.parse(row.scopes ?? '[]') as string[]
  return { id: row.id, organizationId: row.organization_id, scopes, expiresAt: row.expires_at }
}

/** An organization's grants in creation order, after `place`. */
export async function list(ctx: Context, organizationId: string, place: Place, limit: number): Promise<Grant[]> {
  const rows = await ctx.db
    .selectFrom('aftership_grants')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where(eb => eb(eb.refTuple('created_at', 'id'), '>', eb.tuple(place.createdAt, place.id)))
    .orderBy('created_at')
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(grantOf)
}

/** The live grants of one member. */
export async function listOfMember(ctx: Context, organizationId: string, accountId: string): Promise<Grant[]> {
  const rows = await ctx.db
    .selectFrom('aftership_grants')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('account_id', '=', accountId)
    .where('ended_at', 'is', null)
    .execute()
  return rows.map(grantOf)
}

export async function listEndedBy(ctx: Context, organizationId: string, cause: string): Promise<Grant[]> {
  const rows = await ctx.db
    .selectFrom('aftership_grants')
    .selectAll()
    .where('organization_id', '=', organizationId)
    .where('ended_by', '=', cause)
    .execute()
  return rows.map(grantOf)
}

/** The app's grants but for those ended by one of `causes`. */
export async function listOfApp(ctx: Context, appId: string, causes: readonly string[]): Promise<Grant[]> {
  return (await notEndedBy(ctx, causes).where('app_id', '=', appId).execute()).map(grantOf)
}

/** The account's grants, in every organization, but for those ended by one of `causes`. */
export async function listOfAccount(ctx: Context, accountId: string, causes: readonly string[]): Promise<Grant[]> {
  return (await notEndedBy(ctx, causes).where('account_id', '=', accountId).execute()).map(grantOf)
}

export async function insert(tx: Context, grant: Grant): Promise<void> {
  await tx.db
    .insertInto('aftership_grants')
    .values({
      id: grant.id,
      app_id: grant.appId,
      organization_id: grant.organizationId,
      account_id: grant.accountId,
      scopes: JSON.stringify(grant.scopes),
      created_at: grant.createdAt,
      ended_at: grant.endedAt,
      ended_by: grant.endedBy,
    })
    .execute()
}

/** Marks a grant ended, or, with nulls, live again. */
export async function setEnded(tx: Context, grant: Grant, endedAt: string | null, endedBy: string | null) {
  await tx.db
    .updateTable('aftership_grants')
    .set({ ended_at: endedAt, ended_by: endedBy })
    .where('organization_id', '=', grant.organizationId)
    .where('id', '=', grant.id)
    .execute()
}

function notEndedBy(ctx: Context, causes: readonly string[]) {
  return ctx.db
    .selectFrom('aftership_grants')
    .selectAll()
    .where(eb => eb.or([eb('ended_at', 'is', null), eb('ended_by', 'not in', causes)]))
}

function grantOf(row: Selectable<GrantTable>): Grant {
  return {
    id: row.id,
    appId: row.app_id,
    organizationId: row.organization_id,
    accountId: row.account_id,
    scopes: JSON.parse(row.scopes) as string[],
    createdAt: row.created_at,
    endedAt: row.ended_at,
    endedBy: row.ended_by,
  }
}

import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Context } from '../context.ts'
import type { Place } from '../db/keyset.ts'

interface CredentialTable {
  id: string
  vendor: string
  tenant: string
  /** What the vendor distinguishes: `api_key`, `hmac`, `rsa`; for control tokens `token`. */
  mode: string
  name: string
  lookup_hash: string
  /** The signing secret of a key that signs, sealed. */
  sealed_secret: string | null
  public_key: string | null
  /** JSON array of scope names. */
  scopes: string
  holder: string | null
  created_at: string
  expires_at: string | null
  last_used_at: string | null
  disabled_at: string | null
  /** What disabled it: `operator`, or the subject whose removal did. Only that may bring it back. */
  disabled_by: string | null
}

declare module '../db/database.ts' {
  interface Database {
    credentials: CredentialTable
  }
}

export type CredentialRow = Selectable<CredentialTable>

export interface CredentialFilter {
  vendor?: string | undefined
  tenant?: string | undefined
  holder?: string | undefined
}

export function findByHash(ctx: Context, lookupHash: string): Promise<CredentialRow | undefined> {
  return ctx.db.selectFrom('credentials').selectAll().where('lookup_hash', '=', lookupHash).executeTakeFirst()
}

export function findById(ctx: Context, id: string): Promise<CredentialRow | undefined> {
  return ctx.db.selectFrom('credentials').selectAll().where('id', '=', id).executeTakeFirst()
}

/** In creation order, after `place`. */
export function list(ctx: Context, filter: CredentialFilter, place: Place, limit: number): Promise<CredentialRow[]> {
  let query = ctx.db
    .selectFrom('credentials')
    .selectAll()
    .where(eb => eb(eb.refTuple('created_at', 'id'), '>', eb.tuple(place.createdAt, place.id)))
  if (filter.vendor !== undefined) query = query.where('vendor', '=', filter.vendor)
  if (filter.tenant !== undefined) query = query.where('tenant', '=', filter.tenant)
  if (filter.holder !== undefined) query = query.where('holder', '=', filter.holder)
  return query.orderBy('created_at').orderBy('id').limit(limit).execute()
}

/** The keys that a person holds with one tenant and that work. */
export function listActiveHeld(ctx: Context, vendor: string, tenant: string, holder: string): Promise<CredentialRow[]> {
  return ctx.db
    .selectFrom('credentials')
    .selectAll()
    .where('vendor', '=', vendor)
    .where('tenant', '=', tenant)
    .where('holder', '=', holder)
    .where('disabled_at', 'is', null)
    .execute()
}

/** The keys that `cause` disabled. */
export function listDisabledBy(ctx: Context, vendor: string, tenant: string, cause: string): Promise<CredentialRow[]> {
  return ctx.db
    .selectFrom('credentials')
    .selectAll()
    .where('vendor', '=', vendor)
    .where('tenant', '=', tenant)
    .where('disabled_by', '=', cause)
    .execute()
}

export async function insert(ctx: Context, row: Insertable<CredentialTable>): Promise<void> {
  await ctx.db.insertInto('credentials').values(row).execute()
}

export async function update(ctx: Context, id: string, values: Updateable<CredentialTable>): Promise<void> {
  await ctx.db.updateTable('credentials').set(values).where('id', '=', id).execute()
}

export async function remove(ctx: Context, id: string): Promise<void> {
  await ctx.db.deleteFrom('credentials').where('id', '=', id).execute()
}

import type { Generated, Selectable, Updateable } from 'kysely'
import type { Context } from '../context.ts'

interface CredentialTable {
  /** Grows with each credential made. */
  sequence: Generated<number>
  id: string
  vendor: string
  tenant: string
  /** Whose it is inside the tenant (a child user); empty when it is the tenant's own. */
  owner: string
  /** What the vendor distinguishes: `api_key`, `hmac`, `rsa`; for control tokens `token`. */
  mode: string
  name: string
  lookup_hash: string
  /** The key itself, sealed: only of vendors that show it again. */
  sealed_key: string | null
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
  /** JSON array of what disabled it; it works again when the last is taken back. */
  disabled_by: string
}

declare module '../db/database.ts' {
  interface Database {
    credentials: CredentialTable
  }
}

export type CredentialRow = Selectable<CredentialTable>
export type NewCredentialRow = Omit<CredentialRow, 'sequence'>

export interface CredentialFilter {
  vendor?: string | undefined
  tenant?: string | undefined
  owner?: string | undefined
  holder?: string | undefined
  /** Made before this timestamp. */
  createdBefore?: string | undefined
  /** Not used since this timestamp, or never. */
  unusedSince?: string | undefined
}

export function findByHash(ctx: Context, lookupHash: string): Promise<CredentialRow | undefined> {
  return ctx.db.selectFrom('credentials').selectAll().where('lookup_hash', '=', lookupHash).executeTakeFirst()
}

export function findById(ctx: Context, id: string): Promise<CredentialRow | undefined> {
  return ctx.db.selectFrom('credentials').selectAll().where('id', '=', id).executeTakeFirst()
}

/** In creation order, after the sequence number `after`. */
export function list(ctx: Context, filter: CredentialFilter, after: number, limit: number): Promise<CredentialRow[]> {
  return filtered(ctx, filter).where('sequence', '>', after).orderBy('sequence').limit(limit).execute()
}

/** All keys of one holder or owner, whatever their state: a person's, so a handful. */
export function listAll(ctx: Context, filter: CredentialFilter): Promise<CredentialRow[]> {
  return filtered(ctx, filter).orderBy('sequence').execute()
}

/** Every key of these owners, owner by owner. One statement for each number of owners: use the same one again and again. */
export function listOwned(
  ctx: Context,
  { vendor, tenant, owners }: { vendor: string; tenant: string; owners: readonly string[] },
): Promise<CredentialRow[]> {
  return ctx.db
    .selectFrom('credentials')
    .selectAll()
    .where('vendor', '=', vendor)
    .where('tenant', '=', tenant)
    .where('owner', 'in', owners)
    .orderBy('owner')
    .orderBy('sequence')
    .execute()
}

export async function insert(ctx: Context, row: NewCredentialRow): Promise<void> {
  await ctx.db.insertInto('credentials').values(row).execute()
}

export async function update(ctx: Context, id: string, values: Updateable<CredentialTable>): Promise<void> {
  await ctx.db.updateTable('credentials').set(values).where('id', '=', id).execute()
}

/** Another node may have noted a later use. */
export async function noteUse(tx: Context, id: string, usedAt: string): Promise<void> {
  await tx.db
    .updateTable('credentials')
    .set({ last_used_at: usedAt })
    .where('id', '=', id)
    .where(eb => eb.or([eb('last_used_at', 'is', null), eb('last_used_at', '<', usedAt)]))
    .execute()
}

export async function remove(ctx: Context, id: string): Promise<void> {
  await ctx.db.deleteFrom('credentials').where('id', '=', id).execute()
}

function filtered(ctx: Context, { vendor, tenant, owner, holder, createdBefore, unusedSince }: CredentialFilter) {
  let query = ctx.db.selectFrom('credentials').selectAll()
  if (vendor !== undefined) query = query.where('vendor', '=', vendor)
  if (tenant !== undefined) query = query.where('tenant', '=', tenant)
  if (owner !== undefined) query = query.where('owner', '=', owner)
  if (holder !== undefined) query = query.where('holder', '=', holder)
  if (createdBefore !== undefined) query = query.where('created_at', '<', createdBefore)
  if (unusedSince !== undefined) {
    query = query.where(eb => eb.or([eb('last_used_at', 'is', null), eb('last_used_at', '<', unusedSince)]))
  }
  return query
}

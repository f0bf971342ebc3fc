import type { Generated, Selectable, Updateable } from 'kysely'
import type { Context } from '../context.ts'
import { prepared } from '../db/prepared.ts'
import type { CustomHeader, WebhookEndpoint } from './dialect.ts'

interface EndpointTable {
  /** Grows with each endpoint made. */
  sequence: Generated<number>
  id: string
  vendor: string
  tenant: string
  owner: string
  mode: string
  sealed_url: string
  sealed_secret: string | null
  /** JSON array of `{name, value}`, sealed. */
  sealed_headers: string | null
  /** JSON array of event names; empty means all. */
  events: string
  disabled_at: string | null
  last_success_at: string | null
  created_at: string
  updated_at: string
}

declare module '../db/database.ts' {
  interface Database {
    webhook_endpoints: EndpointTable
  }
}

export type EndpointRow = Omit<Selectable<EndpointTable>, 'sequence'>

export async function insert(ctx: Context, row: EndpointRow): Promise<void> {
  await ctx.db.insertInto('webhook_endpoints').values(row).execute()
}

export async function update(ctx: Context, id: string, values: Updateable<EndpointTable>): Promise<void> {
  await ctx.db.updateTable('webhook_endpoints').set(values).where('id', '=', id).execute()
}

export async function remove(ctx: Context, id: string): Promise<void> {
  await ctx.db.deleteFrom('webhook_endpoints').where('id', '=', id).execute()
}

export function findById(ctx: Context, id: string): Promise<EndpointRow | undefined> {
  return ctx.db.selectFrom('webhook_endpoints').selectAll().where('id', '=', id).executeTakeFirst()
}

const ofOwner = prepared<{ vendor: string; tenant: string; owner: string }, EndpointRow>((db, value) =>
  db
    .selectFrom('webhook_endpoints')
    .selectAll()
    .where('vendor', '=', value('vendor'))
    .where('tenant', '=', value('tenant'))
    .where('owner', '=', value('owner'))
    .orderBy('sequence'),
)

/** Of an owner inside the tenant, oldest first. */
export function list(ctx: Context, vendor: string, tenant: string, owner: string): Promise<EndpointRow[]> {
  return ofOwner(ctx, { vendor, tenant, owner })
}

/** The URLs of these endpoints; one that was removed is missing. */
export async function urlsOf(ctx: Context, ids: string[]): Promise<Map<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await ctx.db
    .selectFrom('webhook_endpoints')
    .select(['id', 'sealed_url'])
    .where('id', 'in', ids)
    .execute()
  return new Map(rows.map(row => [row.id, ctx.vault.open(row.sealed_url, places.url(row.id))]))
}

/** What each sealed value is bound to: it opens for its own endpoint alone. */
export const places = {
  url: (id: string) => `webhook-url:${id}`,
  secret: (id: string) => `webhook-secret:${id}`,
  headers: (id: string) => `webhook-headers:${id}`,
}

export function endpointOf(ctx: Pick<Context, 'vault'>, row: EndpointRow): WebhookEndpoint {
  const headers = row.sealed_headers === null ? '[]' : ctx.vault.open(row.sealed_headers, places.headers(row.id))
  return {
    id: row.id,
    vendor: row.vendor,
    tenant: row.tenant,
    owner: row.owner,
    mode: row.mode,
    url: ctx.vault.open(row.sealed_url, places.url(row.id)),
    signed: row.sealed_secret !== null,
    events: JSON.parse(row.events) as string[],
    customHeaders: JSON.parse(headers) as CustomHeader[],
    disabledAt: row.disabled_at,
    lastSuccessAt: row.last_success_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}

/** The signing secret in clear; undefined where there is none. */
export function secretOf(ctx: Context, row: EndpointRow): string | undefined {
  return row.sealed_secret === null ? undefined : ctx.vault.open(row.sealed_secret, places.secret(row.id))
}

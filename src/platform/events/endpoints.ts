// Where a tenant wants its events sent. Registered here; the sending is the dispatcher's.

import type { Selectable } from 'kysely'
import { timestamp } from '../clock.ts'
import { type Context, type Principal, withTransaction } from '../context.ts'
import { DomainError } from '../errors.ts'
import * as events from './events.ts'

interface WebhookEndpointTable {
  id: string
  vendor: string
  tenant: string
  url: string
  sealed_secret: string
  /** JSON array of event names; empty means all. */
  events: string
  created_at: string
}

declare module '../db/database.ts' {
  interface Database {
    webhook_endpoints: WebhookEndpointTable
  }
}

export interface WebhookEndpoint {
  id: string
  url: string
  events: string[]
  createdAt: string
}

/** How many endpoints one tenant may have. */
const ENDPOINTS_MAX = 50

/** Registers an endpoint for the principal's tenant. Throws `invalid` (not http or https) and `conflict` (too many). */
export async function register(
  ctx: Context,
  principal: Principal,
  input: { url: string; secret: string; events?: string[] | undefined },
): Promise<WebhookEndpoint> {
  if (!/^https?:$/.test(URL.parse(input.url)?.protocol ?? '')) {
    throw new DomainError('invalid', 'a webhook needs an http or https URL', {
      issues: [{ path: 'url', problem: 'invalid', hint: 'an absolute http or https URL' }],
    })
  }
  const id = ctx.ids.hex32()
  const row = {
    id,
    vendor: principal.vendor,
    tenant: principal.tenant,
    url: input.url,
    sealed_secret: ctx.vault.seal(input.secret, `webhook:${id}`),
    events: JSON.stringify(input.events ?? []),
    created_at: timestamp(ctx.clock.now()),
  }
  return withTransaction(ctx, async tx => {
    if ((await list(tx, principal)).length >= ENDPOINTS_MAX) {
      throw new DomainError('conflict', `there are ${ENDPOINTS_MAX} webhook endpoints already`)
    }
    await tx.db.insertInto('webhook_endpoints').values(row).execute()
    // The path of a receiver's URL is often its secret: the event names the host only.
    await events.record(tx, principal, 'webhook.created', id, { id, host: new URL(input.url).host })
    return endpointOf(row)
  })
}

/** All endpoints of the principal's tenant, oldest first. */
export async function list(ctx: Context, principal: Principal): Promise<WebhookEndpoint[]> {
  const rows = await ctx.db
    .selectFrom('webhook_endpoints')
    .selectAll()
    .where('vendor', '=', principal.vendor)
    .where('tenant', '=', principal.tenant)
    .orderBy('created_at')
    .orderBy('id')
    .execute()
  return rows.map(endpointOf)
}

/** Throws `notFound`. */
export async function remove(ctx: Context, principal: Principal, id: string): Promise<void> {
  await withTransaction(ctx, async tx => {
    const removed = await tx.db
      .deleteFrom('webhook_endpoints')
      .where('vendor', '=', principal.vendor)
      .where('tenant', '=', principal.tenant)
      .where('id', '=', id)
      .returning('id')
      .executeTakeFirst()
    if (!removed) throw new DomainError('notFound', 'no such webhook endpoint')
    await events.record(tx, principal, 'webhook.deleted', id, { id })
  })
}

function endpointOf(row: Selectable<WebhookEndpointTable>): WebhookEndpoint {
  return { id: row.id, url: row.url, events: JSON.parse(row.events) as string[], createdAt: row.created_at }
}

// Where a tenant wants its events sent. Registered here; queueing is fan-out.ts, sending dispatcher.ts.

import { timestamp } from '../clock.ts'
import { type Context, type Principal, withTransaction } from '../context.ts'
import { isUniqueViolation } from '../db/engine.ts'
import { DomainError } from '../errors.ts'
import * as deliveries from './deliveries.store.ts'
import type { CustomHeader, WebhookEndpoint } from './dialect.ts'
import { checkEvents, checkHeaders, checkUrl } from './endpoint-checks.ts'
import * as store from './endpoints.store.ts'
import * as events from './events.ts'

export interface NewEndpoint {
  /** Pinned by a vendor whose ids have a form of their own; made when left out. */
  id?: string | undefined
  url: string
  /** Without one the deliveries are not signed. */
  secret?: string | undefined
  /** Event names, `family.*` for all of a family; empty, or left out, for all. */
  events?: readonly string[] | undefined
  mode?: string | undefined
  owner?: string | undefined
  customHeaders?: readonly CustomHeader[] | undefined
}

/** What is left out stays. */
export interface EndpointChange {
  url?: string | undefined
  /** `null` takes the secret away. */
  secret?: string | null | undefined
  events?: readonly string[] | undefined
  customHeaders?: readonly CustomHeader[] | undefined
}

/** How many endpoints an owner may have: so many deliveries one event can make. */
const ENDPOINTS_MAX = 50

/**
 * Registers an endpoint for the principal's tenant, with a `webhook.created` event. Throws `invalid` (`url`, `events.N`,
 * `customHeaders.N.name`, `customHeaders.N.value`) and `conflict` (too many, or the id is taken).
 */
export async function register(ctx: Context, principal: Principal, input: NewEndpoint): Promise<WebhookEndpoint> {
  await check(ctx, principal, input)
  const id = input.id ?? ctx.ids.hex32()
  const now = timestamp(ctx.clock.now())
  const row: store.EndpointRow = {
    id,
    vendor: principal.vendor,
    tenant: principal.tenant,
    owner: input.owner ?? '',
    mode: input.mode ?? '',
    sealed_url: ctx.vault.seal(input.url, store.places.url(id)),
    sealed_secret: sealedSecret(ctx, id, input.secret),
    sealed_headers: sealedHeaders(ctx, id, input.customHeaders),
    events: JSON.stringify(input.events ?? []),
    disabled_at: null,
    last_success_at: null,
    created_at: now,
    updated_at: now,
  }
  return withTransaction(ctx, principal, async tx => {
    if ((await store.list(tx, row.vendor, row.tenant, row.owner)).length >= ENDPOINTS_MAX) {
      throw new DomainError('conflict', `there are ${ENDPOINTS_MAX} webhook endpoints already`)
    }
    try {
      await store.insert(tx, row)
    } catch (error) {
      if (isUniqueViolation(error)) throw new DomainError('conflict', 'a webhook endpoint with this id exists already')
      throw error
    }
    await events.record(tx, principal, 'webhook.created', id, { id, host: hostOf(input.url) })
    return store.endpointOf(tx, row)
  })
}

/** All endpoints of the tenant itself, or of an `owner` inside it, oldest first: at most 50. */
export async function list(ctx: Context, principal: Principal, owner = ''): Promise<WebhookEndpoint[]> {
  const rows = await store.list(ctx, principal.vendor, principal.tenant, owner)
  return rows.map(row => store.endpointOf(ctx, row))
}

/** Throws `notFound`, for another tenant's too. */
export async function get(ctx: Context, principal: Principal, id: string): Promise<WebhookEndpoint> {
  return store.endpointOf(ctx, await existing(ctx, principal, id))
}

/**
 * Changes what is named and enables the endpoint again: deliveries that waited go out. Events: `webhook.updated` with
 * the names of what changed, `webhook.enabled`; none where nothing changed. Throws `notFound`, and `invalid` as `register`.
 */
export async function update(
  ctx: Context,
  principal: Principal,
  id: string,
  change: EndpointChange,
): Promise<WebhookEndpoint> {
  await check(ctx, principal, change)
  return withTransaction(ctx, principal, async tx => {
    const row = await existing(tx, principal, id)
    const changed = changedFields(tx, row, change)
    if (changed.length === 0 && row.disabled_at === null) return store.endpointOf(tx, row)
    const values = {
      ...(change.url === undefined ? {} : { sealed_url: tx.vault.seal(change.url, store.places.url(id)) }),
      ...(change.secret === undefined ? {} : { sealed_secret: sealedSecret(tx, id, change.secret) }),
      ...(change.customHeaders === undefined ? {} : { sealed_headers: sealedHeaders(tx, id, change.customHeaders) }),
      ...(change.events === undefined ? {} : { events: JSON.stringify(change.events) }),
      disabled_at: null,
      updated_at: timestamp(tx.clock.now()),
    }
    await store.update(tx, id, values)
    const updated = store.endpointOf(tx, { ...row, ...values })
    const told = { id, host: hostOf(updated.url) }
    if (changed.length > 0) await events.record(tx, principal, 'webhook.updated', id, { ...told, changed })
    if (row.disabled_at !== null) {
      await events.record(tx, principal, 'webhook.enabled', id, told)
      tx.afterCommit(() => tx.webhooks.queued.ring())
    }
    return updated
  })
}

/** Nothing is sent until `update`; what is queued meanwhile waits. Again: no change, no event. Throws `notFound`. */
export async function disable(ctx: Context, principal: Principal, id: string): Promise<WebhookEndpoint> {
  return withTransaction(ctx, principal, async tx => {
    const row = await existing(tx, principal, id)
    if (row.disabled_at !== null) return store.endpointOf(tx, row)
    const now = timestamp(tx.clock.now())
    await store.update(tx, id, { disabled_at: now, updated_at: now })
    const endpoint = store.endpointOf(tx, { ...row, disabled_at: now, updated_at: now })
    await events.record(tx, principal, 'webhook.disabled', id, { id, host: hostOf(endpoint.url) })
    tx.afterCommit(() => tx.warnings.withdraw('webhooks', id))
    return endpoint
  })
}

/** Gone for good. What it has not received has failed; its deliveries stay to be read. Throws `notFound`. */
export async function remove(ctx: Context, principal: Principal, id: string): Promise<void> {
  await withTransaction(ctx, principal, async tx => {
    await existing(tx, principal, id)
    await store.remove(tx, id)
    await deliveries.giveUpOf(tx, id, timestamp(tx.clock.now()))
    await events.record(tx, principal, 'webhook.deleted', id, { id })
    tx.afterCommit(() => tx.warnings.withdraw('webhooks', id))
  })
}

async function existing(ctx: Context, principal: Principal, id: string): Promise<store.EndpointRow> {
  const row = await store.findById(ctx, id)
  if (row?.vendor === principal.vendor && row.tenant === principal.tenant) return row
  throw new DomainError('notFound', 'no such webhook endpoint')
}

async function check(ctx: Context, principal: Principal, input: EndpointChange): Promise<void> {
  if (input.url !== undefined) await checkUrl(ctx, input.url)
  checkHeaders(input.customHeaders ?? [])
  checkEvents(ctx.webhooks.dialects.get(principal.vendor), input.events ?? [])
}

function changedFields(tx: Context, row: store.EndpointRow, change: EndpointChange): string[] {
  const before = { ...store.endpointOf(tx, row), secret: store.secretOf(tx, row) ?? null }
  const fields = ['url', 'secret', 'events', 'customHeaders'] as const
  return fields.filter(
    field => change[field] !== undefined && JSON.stringify(change[field]) !== JSON.stringify(before[field]),
  )
}

function sealedSecret(ctx: Context, id: string, secret: string | null | undefined): string | null {
  return secret ? ctx.vault.seal(secret, store.places.secret(id)) : null
}

function sealedHeaders(ctx: Context, id: string, headers: readonly CustomHeader[] = []): string | null {
  return headers.length === 0 ? null : ctx.vault.seal(JSON.stringify(headers), store.places.headers(id))
}

/** What events say of a URL: its path and user info are often secrets. */
function hostOf(url: string): string {
  return new URL(url).host
}

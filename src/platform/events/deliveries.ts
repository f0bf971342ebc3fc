// One event on its way to one endpoint. Queued by fan-out.ts, moved on by dispatcher.ts; here they are read and sent anew.

import { timestamp } from '../clock.ts'
import { type Context, type Principal, withTransaction } from '../context.ts'
import { numberOf, type Page, type PageQuery, pageByNumber } from '../db/keyset.ts'
import { DomainError } from '../errors.ts'
import * as store from './deliveries.store.ts'
import * as endpoints from './endpoints.store.ts'
import * as events from './events.ts'

export interface Delivery {
  id: string
  endpointId: string
  eventId: string
  eventType: string
  messageId: string
  status: store.DeliveryStatus
  /** Of the present series. */
  attempts: number
  /** Null when it is finished, or when an attempt is under way. */
  nextAttemptAt: string | null
  createdAt: string
  updatedAt: string
  completedAt: string | null
}

/** What became of one event over all endpoints. */
export interface EventDelivery {
  /** `completed` too when no endpoint wanted it. */
  status: store.DeliveryStatus
  /** Where it has still to go, and where it arrived; without endpoints that were removed since. */
  pendingUrls: string[]
  completedUrls: string[]
  /** When any of it last changed; null when no endpoint wanted it. */
  updatedAt: string | null
}

/** Newest first; of one endpoint, event or status, or all of the tenant. */
export async function list(
  ctx: Context,
  principal: Principal,
  filter: store.DeliveryFilter,
  page: PageQuery,
): Promise<Page<Delivery>> {
  const before = numberOf(page.after, Number.MAX_SAFE_INTEGER)
  const rows = await store.list(ctx, principal.vendor, principal.tenant, filter, before, page.limit + 1)
  const { items, next } = pageByNumber(rows, page.limit, row => row.sequence)
  return { items: items.map(deliveryOf), next }
}

/** With the body as it is sent. Throws `notFound`. */
export async function get(ctx: Context, principal: Principal, id: string): Promise<Delivery & { body: string }> {
  const row = await existing(ctx, principal, id)
  return { ...deliveryOf(row), body: row.body }
}

/**
 * Sends it again, whatever became of it: the same message, a fresh series of attempts, a `webhook.resent` event. At a
 * disabled endpoint it waits. Throws `notFound`, and `conflict` when the endpoint was removed.
 */
export async function resend(ctx: Context, principal: Principal, id: string): Promise<Delivery> {
  return withTransaction(ctx, principal, async tx => {
    const row = await existing(tx, principal, id)
    if (!(await endpoints.findById(tx, row.endpoint_id))) {
      throw new DomainError('conflict', 'the endpoint of this delivery was removed')
    }
    await store.requeue(tx, id, timestamp(tx.clock.now()))
    const told = { id, endpointId: row.endpoint_id, eventId: row.event_id }
    await events.record(tx, principal, 'webhook.resent', id, told)
    tx.afterCommit(() => tx.webhooks.queued.ring())
    return deliveryOf(await existing(tx, principal, id))
  })
}

/** What became of each of these events, all of them in the result. */
export async function ofEvents(
  ctx: Context,
  principal: Principal,
  eventIds: readonly string[],
): Promise<Map<string, EventDelivery>> {
  const rows = eventIds.length === 0 ? [] : await store.listOfEvents(ctx, principal.vendor, principal.tenant, eventIds)
  const urls = await endpoints.urlsOf(ctx, [...new Set(rows.map(row => row.endpoint_id))])
  const byEvent = Map.groupBy(rows, row => row.event_id)
  return new Map(eventIds.map(id => [id, eventDelivery(byEvent.get(id) ?? [], urls)]))
}

type EventRow = Awaited<ReturnType<typeof store.listOfEvents>>[number]

function eventDelivery(rows: EventRow[], urls: Map<string, string>): EventDelivery {
  const urlsWith = (...statuses: store.DeliveryStatus[]) =>
    rows.filter(row => statuses.includes(row.status)).flatMap(row => urls.get(row.endpoint_id) ?? [])
  // The least finished says it for all.
  const status = (['retrying', 'queued', 'failed'] as const).find(state => rows.some(row => row.status === state))
  return {
    status: status ?? 'completed',
    pendingUrls: urlsWith('queued', 'retrying'),
    completedUrls: urlsWith('completed'),
    updatedAt:
      rows
        .map(row => row.updated_at)
        .toSorted()
        .at(-1) ?? null,
  }
}

async function existing(ctx: Context, principal: Principal, id: string): Promise<store.DeliveryRow> {
  const row = await store.find(ctx, principal.vendor, principal.tenant, id)
  if (!row) throw new DomainError('notFound', 'no such delivery')
  return row
}

function deliveryOf(row: store.DeliveryRow): Delivery {
  return {
    id: row.id,
    endpointId: row.endpoint_id,
    eventId: row.event_id,
    eventType: row.event_type,
    messageId: row.message_id,
    status: row.status,
    attempts: row.attempts,
    nextAttemptAt: row.claim === null ? row.due_at : null,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    completedAt: row.completed_at,
  }
}

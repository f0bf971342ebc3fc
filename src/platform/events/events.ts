// The event log: audit trail, change feed and webhook source in one table. Written in the transaction of the change;
// never holds a secret.

import type { Generated, Selectable } from 'kysely'
import { timestamp } from '../clock.ts'
import type { Context, Principal } from '../context.ts'
import { feedHorizon } from '../db/engine.ts'
import { preparedChange } from '../db/prepared.ts'
import type { RecordedEvent } from './event.ts'
import * as fanOut from './fan-out.ts'

interface EventTable {
  /** Grows with each event; the feed's cursor. */
  sequence: Generated<number>
  id: string
  vendor: string
  tenant: string
  type: string
  /** The id of what changed. */
  subject: string
  actor: string
  request_id: string | null
  /** JSON object: what is to be known of the change. */
  data: string
  created_at: string
}

declare module '../db/database.ts' {
  interface Database {
    events: EventTable
  }
}

/** As it is stored. */
export type EventRow = Selectable<EventTable>

export interface Event extends RecordedEvent {
  sequence: number
}

export interface EventFilter {
  vendor?: string | undefined
  tenant?: string | undefined
  type?: string | undefined
  subject?: string | undefined
}

const insert = preparedChange<Omit<Selectable<EventTable>, 'sequence'>, never>((db, value) =>
  db.insertInto('events').values({
    id: value('id'),
    vendor: value('vendor'),
    tenant: value('tenant'),
    type: value('type'),
    subject: value('subject'),
    actor: value('actor'),
    request_id: value('request_id'),
    data: value('data'),
    created_at: value('created_at'),
  }),
)

/**
 * Appends one event and queues it for the tenant's webhooks. Call it inside the transaction of the change that it tells
 * of.
 */
export async function record(
  tx: Context,
  principal: Principal,
  type: string,
  subject: string,
  data: object,
): Promise<void> {
  const event: RecordedEvent = {
    id: tx.ids.uuid(),
    vendor: principal.vendor,
    tenant: principal.tenant,
    type,
    subject,
    actor: principal.actor,
    requestId: principal.requestId ?? null,
    data: { ...data },
    createdAt: timestamp(tx.clock.now()),
  }
  const { requestId, createdAt, ...rest } = event
  await tx.enterLog()
  await insert(tx, { ...rest, data: JSON.stringify(data), request_id: requestId, created_at: createdAt })
  await fanOut.queue(tx, event)
}

/**
 * Up to `limit` events after the sequence number `after`, oldest first. Whoever goes on after the last one misses none:
 * an event is not shown while one before it may still be committed.
 */
export async function list(ctx: Context, filter: EventFilter, after: number, limit: number): Promise<Event[]> {
  const horizon = await feedHorizon(ctx.db)
  let query = ctx.db.selectFrom('events').selectAll().where('sequence', '>', after).where('sequence', '<=', horizon)
  if (filter.vendor !== undefined) query = query.where('vendor', '=', filter.vendor)
  if (filter.tenant !== undefined) query = query.where('tenant', '=', filter.tenant)
  if (filter.type !== undefined) query = query.where('type', '=', filter.type)
  if (filter.subject !== undefined) query = query.where('subject', '=', filter.subject)
  return (await query.orderBy('sequence').limit(limit).execute()).map(eventOf)
}

/** The part of the log that one vendor's wire shows to one tenant. */
export interface FeedScope {
  vendor: string
  tenant: string
  types: readonly string[]
}

/** Up to `limit` events in the order of the walk: newer ones oldest first, older ones newest first; `from` exclusive. */
export async function walk(
  ctx: Context,
  scope: FeedScope,
  { direction, from }: { direction: 'older' | 'newer'; from: number | undefined },
  limit: number,
): Promise<Event[]> {
  let query = within(ctx, scope)
  if (from !== undefined) query = query.where('sequence', direction === 'newer' ? '>' : '<', from)
  const rows = await query
    .orderBy('sequence', direction === 'newer' ? 'asc' : 'desc')
    .limit(limit)
    .execute()
  return rows.map(eventOf)
}

export async function find(ctx: Context, scope: FeedScope, id: string): Promise<Event | undefined> {
  const row = await within(ctx, scope).where('id', '=', id).executeTakeFirst()
  return row && eventOf(row)
}

/** True while nothing has ever been written to the store. */
export async function isEmpty(ctx: Context): Promise<boolean> {
  return (await ctx.db.selectFrom('events').select('id').limit(1).executeTakeFirst()) === undefined
}

function within(ctx: Context, { vendor, tenant, types }: FeedScope) {
  return ctx.db
    .selectFrom('events')
    .selectAll()
    .where('vendor', '=', vendor)
    .where('tenant', '=', tenant)
    .where('type', 'in', types)
}

function eventOf(row: EventRow): Event {
  const { request_id, created_at, data, ...rest } = row
  return { ...rest, requestId: request_id, createdAt: created_at, data: JSON.parse(data) as Record<string, unknown> }
}

// The event log: audit trail, change feed and webhook source in one table. Written in the transaction of the change;
// never holds a secret.

import type { Generated, Selectable } from 'kysely'
import { timestamp } from '../clock.ts'
import type { Context, Principal } from '../context.ts'

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

export interface Event {
  sequence: number
  id: string
  vendor: string
  tenant: string
  type: string
  subject: string
  actor: string
  requestId: string | null
  data: Record<string, unknown>
  createdAt: string
}

export interface EventFilter {
  vendor?: string | undefined
  tenant?: string | undefined
  type?: string | undefined
  subject?: string | undefined
}

/** Appends one event. Call it inside the transaction of the change that it tells of. */
export async function record(
  tx: Context,
  principal: Principal,
  type: string,
  subject: string,
  data: object,
): Promise<void> {
  await tx.db
    .insertInto('events')
    .values({
      id: tx.ids.uuid(),
      vendor: principal.vendor,
      tenant: principal.tenant,
      type,
      subject,
      actor: principal.actor,
      request_id: principal.requestId ?? null,
      data: JSON.stringify(data),
      created_at: timestamp(tx.clock.now()),
    })
    .execute()
}

/** Up to `limit` events after the sequence number `after`, oldest first. */
export async function list(ctx: Context, filter: EventFilter, after: number, limit: number): Promise<Event[]> {
  let query = ctx.db.selectFrom('events').selectAll().where('sequence', '>', after)
  if (filter.vendor !== undefined) query = query.where('vendor', '=', filter.vendor)
  if (filter.tenant !== undefined) query = query.where('tenant', '=', filter.tenant)
  if (filter.type !== undefined) query = query.where('type', '=', filter.type)
  if (filter.subject !== undefined) query = query.where('subject', '=', filter.subject)
  return (await query.orderBy('sequence').limit(limit).execute()).map(eventOf)
}

/** True while nothing has ever been written to the store. */
export async function isEmpty(ctx: Context): Promise<boolean> {
  return (await ctx.db.selectFrom('events').select('id').limit(1).executeTakeFirst()) === undefined
}

function eventOf(row: Selectable<EventTable>): Event {
  const { request_id, created_at, data, ...rest } = row
  return { ...rest, requestId: request_id, createdAt: created_at, data: JSON.parse(data) as Record<string, unknown> }
}

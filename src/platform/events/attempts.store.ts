import type { Generated, Selectable } from 'kysely'
import type { Context } from '../context.ts'

interface AttemptTable {
  sequence: Generated<number>
  id: string
  delivery_id: string
  /** Which one of its series, from 1. */
  number: number
  started_at: string
  total_ms: number
  /** Where it went, without user info. */
  sealed_url: string
  /** JSON object; credentials masked. */
  request_headers: string
  /** Null, like the two below, when no answer came. */
  response_status: number | null
  response_headers: string | null
  response_body: string | null
  /** Why it failed; null for a success. */
  error: string | null
}

declare module '../db/database.ts' {
  interface Database {
    webhook_attempts: AttemptTable
  }
}

export type NewAttemptRow = Omit<Selectable<AttemptTable>, 'sequence'>

export type AttemptRow = Selectable<AttemptTable> & { event_id: string; endpoint_id: string; body: string }

export interface AttemptFilter {
  id?: string | undefined
  deliveryId?: string | undefined
  eventId?: string | undefined
}

export async function insert(tx: Context, row: NewAttemptRow): Promise<void> {
  await tx.db.insertInto('webhook_attempts').values(row).execute()
}

/** Oldest first, after the sequence number `after`. */
export function list(
  ctx: Context,
  vendor: string,
  tenant: string,
  filter: AttemptFilter,
  after: number,
  limit: number,
): Promise<AttemptRow[]> {
  let query = ctx.db
    .selectFrom('webhook_attempts as attempt')
    .innerJoin('webhook_deliveries as delivery', 'delivery.id', 'attempt.delivery_id')
    .selectAll('attempt')
    .select(['delivery.event_id', 'delivery.endpoint_id', 'delivery.body'])
    .where('delivery.vendor', '=', vendor)
    .where('delivery.tenant', '=', tenant)
    .where('attempt.sequence', '>', after)
  if (filter.id !== undefined) query = query.where('attempt.id', '=', filter.id)
  if (filter.deliveryId !== undefined) query = query.where('attempt.delivery_id', '=', filter.deliveryId)
  if (filter.eventId !== undefined) query = query.where('delivery.event_id', '=', filter.eventId)
  return query.orderBy('attempt.sequence').limit(limit).execute()
}

import { expressionBuilder, type Generated, type Selectable, sql, type Updateable } from 'kysely'
import type { Context } from '../context.ts'
import type { Database } from '../db/database.ts'
import { heldByNobody } from '../db/engine.ts'

/** `queued`: not tried yet. `retrying`: failed so far, and will be tried again. `failed`: given up. */
export type DeliveryStatus = 'queued' | 'retrying' | 'completed' | 'failed'

interface DeliveryTable {
  /** Grows with each delivery queued. */
  sequence: Generated<number>
  id: string
  vendor: string
  tenant: string
  endpoint_id: string
  event_id: string
  event_type: string
  message_id: string
  body: string
  status: DeliveryStatus
  /** Failed attempts of the present series, the successful one included. */
  attempts: number
  /** When to take it up: the next attempt's time or, while one is under way, the end of its lease. Null: finished. */
  due_at: string | null
  /** Whose attempt is under way: its outcome counts only while this stands. */
  claim: string | null
  /** When the present series of attempts began. */
  queued_at: string
  created_at: string
  updated_at: string
  completed_at: string | null
}

declare module '../db/database.ts' {
  interface Database {
    webhook_deliveries: DeliveryTable
  }
}

export type DeliveryRow = Selectable<DeliveryTable>
export type NewDeliveryRow = Omit<DeliveryRow, 'sequence'>

export interface DeliveryFilter {
  endpointId?: string | undefined
  eventId?: string | undefined
  status?: DeliveryStatus | undefined
}

export async function insert(tx: Context, rows: NewDeliveryRow[]): Promise<void> {
  await tx.db.insertInto('webhook_deliveries').values(rows).execute()
}

export function find(ctx: Context, vendor: string, tenant: string, id: string): Promise<DeliveryRow | undefined> {
  return ctx.db
    .selectFrom('webhook_deliveries')
    .selectAll()
    .where('vendor', '=', vendor)
    .where('tenant', '=', tenant)
    .where('id', '=', id)
    .executeTakeFirst()
}

/** Newest first, before the sequence number `before`. */
export function list(
  ctx: Context,
  vendor: string,
  tenant: string,
  filter: DeliveryFilter,
  before: number,
  limit: number,
): Promise<DeliveryRow[]> {
  let query = ctx.db
    .selectFrom('webhook_deliveries')
    .selectAll()
    .where('vendor', '=', vendor)
    .where('tenant', '=', tenant)
    .where('sequence', '<', before)
  if (filter.endpointId !== undefined) query = query.where('endpoint_id', '=', filter.endpointId)
  if (filter.eventId !== undefined) query = query.where('event_id', '=', filter.eventId)
  if (filter.status !== undefined) query = query.where('status', '=', filter.status)
  // Said in so many words, so that the index of what has not arrived is used: it holds little, however much was sent.
  if (filter.status !== undefined && filter.status !== 'completed' && filter.eventId === undefined) {
    query = query.where('status', '<>', sql.lit('completed'))
  }
  return query.orderBy('sequence', 'desc').limit(limit).execute()
}

/** What became of these events, without bodies, in the order in which it was queued. */
export function listOfEvents(ctx: Context, vendor: string, tenant: string, eventIds: readonly string[]) {
  return ctx.db
    .selectFrom('webhook_deliveries')
    .select(['event_id', 'endpoint_id', 'status', 'updated_at'])
    .where('vendor', '=', vendor)
    .where('tenant', '=', tenant)
    .where('event_id', 'in', eventIds)
    .orderBy('sequence')
    .execute()
}

/**
 * Enabled endpoints of these vendors that have a delivery due, the longest waiting first. Steps from endpoint to
 * endpoint through the index of unfinished deliveries: what it costs does not grow with anyone's backlog.
 */
export async function listDueEndpoints(
  ctx: Context,
  vendors: readonly string[],
  except: readonly string[],
  now: string,
  limit: number,
): Promise<string[]> {
  const firstDueAt = expressionBuilder<Database & { unfinished: { endpoint_id: string | null } }, 'unfinished'>()
    .selectFrom('webhook_deliveries')
    .select(({ fn }) => fn.min('due_at').as('due_at'))
    .where('due_at', 'is not', null)
    .whereRef('webhook_deliveries.endpoint_id', '=', 'unfinished.endpoint_id')
  const rows = await ctx.db
    .withRecursive('unfinished', db =>
      db
        .selectFrom('webhook_deliveries')
        .select(({ fn }) => fn.min<string | null>('endpoint_id').as('endpoint_id'))
        .where('due_at', 'is not', null)
        .unionAll(
          db
            .selectFrom('unfinished')
            .select(({ selectFrom }) =>
              selectFrom('webhook_deliveries')
                .select(({ fn }) => fn.min('webhook_deliveries.endpoint_id').as('endpoint_id'))
                .where('due_at', 'is not', null)
                .whereRef('webhook_deliveries.endpoint_id', '>', 'unfinished.endpoint_id')
                .as('endpoint_id'),
            )
            .where('unfinished.endpoint_id', 'is not', null),
        ),
    )
    .selectFrom('unfinished')
    .select(['unfinished.endpoint_id', firstDueAt.as('first_due_at')])
    .where(firstDueAt, '<=', now)
    .where(({ exists, selectFrom }) => {
      const endpoint = selectFrom('webhook_endpoints')
        .select('id')
        .whereRef('id', '=', 'unfinished.endpoint_id')
        .where('vendor', 'in', vendors)
        .where('disabled_at', 'is', null)
      return exists(except.length === 0 ? endpoint : endpoint.where('id', 'not in', except))
    })
    .orderBy('first_due_at')
    .orderBy('unfinished.endpoint_id')
    .limit(limit)
    .$narrowType<{ endpoint_id: string }>()
    .execute()
  return rows.map(row => row.endpoint_id)
}

/**
 * Takes up to `limit` due deliveries of an endpoint for `claim`, until the lease ends; those that another node is just
 * claiming, or settling, are left to it.
 */
export function claimDue(
  tx: Context,
  endpointId: string,
  now: string,
  claim: string,
  leaseEnd: string,
  limit: number,
): Promise<DeliveryRow[]> {
  const due = tx.db
    .selectFrom('webhook_deliveries')
    .select('sequence')
    .where('endpoint_id', '=', endpointId)
    .where('due_at', '<=', now)
    .orderBy('due_at')
    .orderBy('sequence')
    .limit(limit)
  return tx.db
    .with(
      // Found once: a subquery that locks might be run for each row, and lock others each time.
      cte => cte('due').materialized(),
      () => heldByNobody(tx.db, due),
    )
    .updateTable('webhook_deliveries')
    .set({ claim, due_at: leaseEnd })
    .where('sequence', 'in', ({ selectFrom }) => selectFrom('due').select('sequence'))
    .returningAll()
    .execute()
}

/** Returns false when the claim no longer stands: taken over, sent anew, or given up. */
export async function settleClaim(
  tx: Context,
  id: string,
  claim: string,
  values: Updateable<DeliveryTable>,
): Promise<boolean> {
  const { numUpdatedRows } = await tx.db
    .updateTable('webhook_deliveries')
    .set({ ...values, claim: null })
    .where('id', '=', id)
    .where('claim', '=', claim)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

/** Makes due what waits and was last touched after a time that has not come yet. Returns how many. */
export async function hasten(ctx: Context, { after, now }: { after: string; now: string }): Promise<number> {
  const { numUpdatedRows } = await ctx.db
    .updateTable('webhook_deliveries')
    .set({ due_at: now, updated_at: now })
    .where('due_at', '>', now)
    .where('claim', 'is', null)
    .where('updated_at', '>', after)
    .executeTakeFirst()
  return Number(numUpdatedRows)
}

/** Begins a new series of attempts. */
export async function requeue(tx: Context, id: string, now: string): Promise<void> {
  await tx.db
    .updateTable('webhook_deliveries')
    .set({
      status: 'queued',
      attempts: 0,
      claim: null,
      due_at: now,
      queued_at: now,
      updated_at: now,
      completed_at: null,
    })
    .where('id', '=', id)
    .execute()
}

/** Ends what is unfinished of an endpoint. */
export async function giveUpOf(tx: Context, endpointId: string, now: string): Promise<void> {
  await tx.db
    .updateTable('webhook_deliveries')
    .set({ status: 'failed', due_at: null, claim: null, updated_at: now })
    .where('endpoint_id', '=', endpointId)
    .where('due_at', 'is not', null)
    .execute()
}

/** The longest untouched deliveries, from before `time`. */
export function listUntouchedSince(
  ctx: Context,
  time: string,
  limit: number,
): Promise<Pick<DeliveryRow, 'id' | 'due_at'>[]> {
  return ctx.db
    .selectFrom('webhook_deliveries')
    .select(['id', 'due_at'])
    .where('updated_at', '<', time)
    .orderBy('updated_at')
    .limit(limit)
    .execute()
}

/** Removes those of these that are still untouched since before `time`, with their attempts. */
export async function removeUntouched(tx: Context, ids: string[], time: string): Promise<void> {
  const removed = await tx.db
    .deleteFrom('webhook_deliveries')
    .where('id', 'in', ids)
    .where('updated_at', '<', time)
    .returning('id')
    .execute()
  if (removed.length === 0) return
  await tx.db
    .deleteFrom('webhook_attempts')
    .where(
      'delivery_id',
      'in',
      removed.map(({ id }) => id),
    )
    .execute()
}

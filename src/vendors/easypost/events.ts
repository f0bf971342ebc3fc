// The feed of events and what was sent of them: contract section 10. All belong to the parent, in production mode.

import type { Context } from '../../platform/context.ts'
import { DomainError } from '../../platform/errors.ts'
import * as attempts from '../../platform/events/attempts.ts'
import * as deliveries from '../../platform/events/deliveries.ts'
import * as log from '../../platform/events/events.ts'
import type { Caller } from './auth.ts'
import { refusal, wrongType } from './errors.ts'
import { entryOf, eventOf, logId, type Outcome, shownTypes } from './feed.ts'
import { type CursorRequest, pageOf } from './paging.ts'
import { wireTime } from './wire.ts'

/** One event can make no more: 50 endpoints, 8 attempts, and again for some resends. */
const ATTEMPTS_MAX = 1000

const statuses = { queued: 'in_queue', retrying: 'retrying', completed: 'completed', failed: 'failed' } as const

/** One page, newest first. Throws `notFound` (cursor). */
export async function list(ctx: Context, caller: Caller, request: CursorRequest) {
  if (!hasFeed(caller)) return { events: [], has_more: false }
  const { cursor, direction, pageSize } = request
  const from = cursor === undefined ? undefined : (await find(ctx, caller, cursor)).sequence
  const found = await log.walk(ctx, scopeOf(caller), { direction, from }, pageSize + 1)
  const { items, hasMore } = pageOf(found, request, 'newestFirst')
  const outcomes = await deliveries.ofEvents(
    ctx,
    caller.principal,
    items.map(({ id }) => id),
  )
  return {
    events: items.map(event => entryOf(event, outcomeOf(outcomes.get(event.id)).status)),
    has_more: hasMore,
  }
}

/** Throws `notFound`, and `PARAMETER.INVALID_TYPE` for what is no event's id. */
export async function get(ctx: Context, caller: Caller, id: string) {
  const event = await named(ctx, caller, id)
  const outcomes = await deliveries.ofEvents(ctx, caller.principal, [event.id])
  return eventOf(event, outcomeOf(outcomes.get(event.id)))
}

/** Every attempt to deliver an event, oldest first. Throws as `get`. */
export async function payloads(ctx: Context, caller: Caller, id: string) {
  const event = await named(ctx, caller, id)
  const page = { limit: ATTEMPTS_MAX }
  const { items } = await attempts.list(ctx, caller.principal, { eventId: event.id }, page)
  return items.map(payloadOf)
}

/** Throws as `get`, and `PAYLOAD.NOT_FOUND`. */
export async function payload(ctx: Context, caller: Caller, id: string, payloadId: string) {
  const found = (await payloads(ctx, caller, id)).find(candidate => candidate.id === payloadId)
  if (!found) throw refusal('payloadNotFound', 'notFound', 'no such payload')
  return found
}

/** Only a parent has events, in production, and while they are switched on. */
function hasFeed({ isParent, mode, settings }: Caller): boolean {
  return isParent && mode === 'production' && settings.userEvents
}

/** The event that a path names. */
function named(ctx: Context, caller: Caller, id: string): Promise<log.Event> {
  if (!id.startsWith('evt_')) throw wrongType('id', 'expected a evt ID')
  return find(ctx, caller, id)
}

/** Throws `notFound`, for what is no event's id too. */
async function find(ctx: Context, caller: Caller, id: string): Promise<log.Event> {
  const known = hasFeed(caller) ? logId(id) : undefined
  const event = known === undefined ? undefined : await log.find(ctx, scopeOf(caller), known)
  if (!event) throw new DomainError('notFound', 'no such event')
  return event
}

function scopeOf({ principal }: Caller): log.FeedScope {
  return { vendor: principal.vendor, tenant: principal.tenant, types: shownTypes }
}

function outcomeOf(delivery: deliveries.EventDelivery | undefined): Outcome {
  if (!delivery) return { status: 'completed', pendingUrls: [], completedUrls: [], updatedAt: null }
  return { ...delivery, status: statuses[delivery.status] }
}

function payloadOf(attempt: attempts.Attempt) {
  const time = wireTime(attempt.startedAt)
  return {
    id: `payload_${attempt.id.replaceAll('-', '')}`,
    object: 'Payload',
    mode: 'production',
    created_at: time,
    updated_at: time,
    request_url: attempt.url,
    request_headers: attempt.requestHeaders,
    request_body: attempt.requestBody,
    response_code: attempt.responseStatus,
    response_headers: attempt.responseHeaders ?? {},
    response_body: attempt.responseBody,
    total_time: attempt.totalMs,
  }
}

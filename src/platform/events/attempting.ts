// One attempt: the request as the dialect wants it, and the outcome written down.

import { timestamp } from '../clock.ts'
import { type Context, type Principal, withTransaction } from '../context.ts'
import { masked } from '../outbound/masked.ts'
import { type Lookup, type OutboundAnswer, post } from '../outbound/post.ts'
import { allowsPrivateAddresses } from '../settings.ts'
import * as attempts from './attempts.store.ts'
import { urlPlace } from './attempts.ts'
import type { Claimed } from './claims.ts'
import * as deliveries from './deliveries.store.ts'
import * as endpoints from './endpoints.store.ts'
import * as events from './events.ts'
import { type SignedRequest, signedRequest } from './signed-request.ts'

interface Outcome {
  startedAt: number
  request: SignedRequest | undefined
  answer: OutboundAnswer | undefined
  /** Why it counts as failed; null for a success. */
  error: string | null
}

/** Sends a claimed delivery and writes down what came of it. Throws only when the store does. */
export async function attempt(ctx: Context, lookup: Lookup, claimed: Claimed): Promise<void> {
  const outcome = await send(ctx, lookup, claimed)
  const endedAt = ctx.clock.now()
  await withTransaction(ctx, claimed.endpoint, async tx => {
    await insertAttempt(tx, claimed, outcome, endedAt)
    if (outcome.error === null) await settleSuccess(tx, claimed, endedAt)
    else await settleFailure(tx, claimed, endedAt)
  })
  const { delivery } = claimed
  const line = { vendor: delivery.vendor, delivery: delivery.id, endpoint: delivery.endpoint_id }
  if (outcome.error === null) {
    ctx.countSend('webhook', delivery.vendor, 'taken')
    ctx.warnings.withdraw('webhooks', delivery.endpoint_id)
    ctx.log.debug(line, 'webhook delivered')
    return
  }
  const givenUp = pauseAfter(claimed) === undefined
  ctx.countSend('webhook', delivery.vendor, givenUp ? 'given_up' : 'failed')
  ctx.warnings.raise('webhooks', delivery.endpoint_id)
  ctx.log.warn({ ...line, attempt: delivery.attempts + 1, reason: outcome.error, givenUp }, 'webhook not delivered')
}

async function send(ctx: Context, lookup: Lookup, claimed: Claimed): Promise<Outcome> {
  // Before what may fail by the receiver's doing: a store that is away is not booked as their failure.
  const allowPrivateAddresses = await allowsPrivateAddresses(ctx)
  const startedAt = ctx.clock.now()
  let request: SignedRequest | undefined
  try {
    request = signedRequest(ctx, claimed, startedAt)
    const { timeLimitMs } = claimed.dialect
    const answer = await post({ ...request, timeLimitMs, allowPrivateAddresses, lookup })
    const success = answer.status >= 200 && answer.status < 300
    return {
      startedAt,
      request,
      answer: discreet(answer, request.secrets),
      error: success ? null : `answered ${answer.status}`,
    }
  } catch (error) {
    const reason = masked(error instanceof Error ? error.message : String(error), request?.secrets ?? [])
    return { startedAt, request, answer: undefined, error: reason.slice(0, 500) }
  }
}

/** What a receiver says back of what it was told in confidence is not kept. */
function discreet({ status, headers, body }: OutboundAnswer, secrets: readonly string[]): OutboundAnswer {
  const shown = Object.entries(headers).map(([name, value]) => [name, masked(value, secrets)])
  return { status, headers: Object.fromEntries(shown), body: masked(body, secrets) }
}

async function insertAttempt(tx: Context, { delivery }: Claimed, outcome: Outcome, endedAt: number): Promise<void> {
  const { startedAt, request, answer, error } = outcome
  const id = tx.ids.hex32()
  await attempts.insert(tx, {
    id,
    delivery_id: delivery.id,
    number: delivery.attempts + 1,
    started_at: timestamp(startedAt),
    total_ms: Math.max(0, endedAt - startedAt),
    sealed_url: tx.vault.seal(request?.shownUrl ?? '', urlPlace(id)),
    request_headers: JSON.stringify(request?.shownHeaders ?? {}),
    response_status: answer?.status ?? null,
    response_headers: answer ? JSON.stringify(shownAnswerHeaders(answer)) : null,
    response_body: answer?.body ?? null,
    error,
  })
}

/** A receiver's cookie is its secret. */
function shownAnswerHeaders({ headers }: OutboundAnswer): Record<string, string> {
  return 'set-cookie' in headers ? { ...headers, 'set-cookie': '***' } : headers
}

async function settleSuccess(tx: Context, { delivery, claim }: Claimed, now: number): Promise<void> {
  const at = timestamp(now)
  await endpoints.update(tx, delivery.endpoint_id, { last_success_at: at })
  await deliveries.settleClaim(tx, delivery.id, claim, {
    status: 'completed',
    attempts: delivery.attempts + 1,
    due_at: null,
    updated_at: at,
    completed_at: at,
  })
}

/** Seconds until the next attempt, when this one fails; undefined for the last. */
function pauseAfter({ delivery, dialect }: Claimed): number | undefined {
  return dialect.retryAfterS[delivery.attempts]
}

async function settleFailure(tx: Context, claimed: Claimed, now: number): Promise<void> {
  const { delivery, dialect, claim } = claimed
  const pauseS = pauseAfter(claimed)
  const stands = await deliveries.settleClaim(tx, delivery.id, claim, {
    status: pauseS === undefined ? 'failed' : 'retrying',
    attempts: delivery.attempts + 1,
    due_at: pauseS === undefined ? null : timestamp(now + pauseS * 1000),
    updated_at: timestamp(now),
  })
  if (stands && pauseS === undefined && dialect.disablesOnFailure) await disableUnreached(tx, delivery, now)
}

/** Disables the endpoint of a delivery that failed for good, unless something reached it since that was queued. */
async function disableUnreached(tx: Context, delivery: deliveries.DeliveryRow, now: number): Promise<void> {
  const endpoint = await endpoints.findById(tx, delivery.endpoint_id)
  if (!endpoint || endpoint.disabled_at !== null) return
  if (endpoint.last_success_at !== null && endpoint.last_success_at >= delivery.queued_at) return
  await endpoints.update(tx, endpoint.id, { disabled_at: timestamp(now), updated_at: timestamp(now) })
  const { vendor, tenant, id } = endpoint
  const principal: Principal = { vendor, tenant, actor: 'system:webhooks', operator: true }
  const { host } = new URL(endpoints.endpointOf(tx, endpoint).url)
  await events.record(tx, principal, 'webhook.disabled', id, { id, host, deliveryId: delivery.id })
  const line = { vendor, tenant, endpoint: id, delivery: delivery.id }
  tx.afterCommit(() => tx.log.warn(line, 'webhook endpoint disabled: nothing reached it for too long'))
}

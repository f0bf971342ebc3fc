// Webhooks, contract section 9. The live vendor sends nothing for members: these events are ours, in the dress of its
// other webhooks.

import { createHmac } from 'node:crypto'
import type { Context, Principal } from '../../platform/context.ts'
import { covers, type WebhookDialect, type WebhookEndpoint } from '../../platform/events/dialect.ts'
import * as endpoints from '../../platform/events/endpoints.ts'

const OURS = ['membership.created', 'membership.activated', 'membership.updated', 'membership.deleted'] as const

export const webhookDialect: WebhookDialect = {
  events: OURS,
  silentEvents: ['tracking.update', 'shipment.update', 'return.update'],
  render: ({ id, type, createdAt, data }) => ({
    messageId: id,
    body: JSON.stringify({ id, event: type, created_at: createdAt, data }),
  }),
  headers: ({ body }, secret) =>
    secret === undefined ? {} : { 'aftership-hmac-sha256': createHmac('sha256', secret).update(body).digest('base64') },
  timeLimitMs: 10_000,
  // 30 s, then twice as long each time: 14 attempts over 245730 s.
  retryAfterS: Array.from({ length: 13 }, (_, retry) => 30 * 2 ** retry),
  disablesOnFailure: false,
}

/** As `endpoints.register`; reports the trap `no-membership-webhooks`. */
export async function register(
  ctx: Context,
  principal: Principal,
  input: endpoints.NewEndpoint & { secret: string },
): Promise<WebhookEndpoint> {
  const endpoint = await endpoints.register(ctx, principal, input)
  warnOfMembershipEvents(ctx, principal, endpoint)
  return endpoint
}

/** As `endpoints.update`; reports the trap `no-membership-webhooks` where the events change. */
export async function update(
  ctx: Context,
  principal: Principal,
  id: string,
  change: endpoints.EndpointChange,
): Promise<WebhookEndpoint> {
  const endpoint = await endpoints.update(ctx, principal, id, change)
  if (change.events !== undefined) warnOfMembershipEvents(ctx, principal, endpoint)
  return endpoint
}

/** Contract section 11: code that relies on them would wait in vain at the vendor. */
function warnOfMembershipEvents(ctx: Context, { vendor, tenant, requestId }: Principal, { events }: WebhookEndpoint) {
  if (!OURS.some(type => covers(events, type))) return
  ctx.afterCommit(() => ctx.traps('no-membership-webhooks', { vendor, tenant, requestId }))
}

// An event becomes one delivery for each endpoint that wants it, in the event's own transaction: what is committed is
// delivered, what is rolled back is not.

import type { Context } from '../context.ts'
import * as deliveries from './deliveries.store.ts'
import { covers, type WebhookEndpoint } from './dialect.ts'
import * as endpoints from './endpoints.store.ts'
import type { RecordedEvent } from './event.ts'

/** Queues the event for the tenant's own endpoints, disabled ones too: there it waits. */
export async function queue(tx: Context, event: RecordedEvent): Promise<void> {
  const dialect = tx.webhooks.dialects.get(event.vendor)
  if (!dialect?.events.includes(event.type)) return
  const rows = await endpoints.list(tx, event.vendor, event.tenant, '')
  if (rows.length === 0 || !((await dialect.wants?.(tx, event)) ?? true)) return
  const recipients = rows.map(row => endpoints.endpointOf(tx, row)).filter(({ events }) => covers(events, event.type))
  const queued = recipients.flatMap(endpoint => {
    const message = dialect.render(event, endpoint, recipients)
    return message ? [deliveryRow(tx, event, endpoint, message.messageId, message.body)] : []
  })
  if (queued.length === 0) return
  await deliveries.insert(tx, queued)
  tx.afterCommit(() => tx.webhooks.queued.ring())
}

function deliveryRow(
  tx: Context,
  event: RecordedEvent,
  endpoint: WebhookEndpoint,
  messageId: string,
  body: string,
): deliveries.NewDeliveryRow {
  return {
    id: tx.ids.hex32(),
    vendor: event.vendor,
    tenant: event.tenant,
    endpoint_id: endpoint.id,
    event_id: event.id,
    event_type: event.type,
    message_id: messageId,
    body,
    status: 'queued',
    attempts: 0,
    due_at: event.createdAt,
    claim: null,
    queued_at: event.createdAt,
    created_at: event.createdAt,
    updated_at: event.createdAt,
    completed_at: null,
  }
}

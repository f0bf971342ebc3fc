// Webhook endpoints, deliveries and attempts as the control API shows them: without secrets. The same for every vendor.

import { type Static, Type } from 'typebox'
import type { Attempt as AttemptRow } from './attempts.ts'
import type { WebhookEndpoint } from './dialect.ts'

const NullableString = Type.Union([Type.String(), Type.Null()])

export const Webhook = Type.Object({
  id: Type.String(),
  url: Type.String({ description: 'User info in it reads `***`.' }),
  events: Type.Array(Type.String(), { description: 'Empty: all events.' }),
  disabledAt: NullableString,
  lastSuccessAt: NullableString,
  createdAt: Type.String(),
  updatedAt: Type.String(),
})

export const DeliveryStatus = Type.Enum(['queued', 'retrying', 'completed', 'failed'])

const deliveryFields = {
  id: Type.String(),
  endpointId: Type.String(),
  eventId: Type.String(),
  eventType: Type.String(),
  messageId: Type.String({ description: 'By which a receiver knows a repeat.' }),
  status: DeliveryStatus,
  attempts: Type.Integer({ description: 'Since it was queued, or last sent anew.' }),
  nextAttemptAt: NullableString,
  createdAt: Type.String(),
  updatedAt: Type.String(),
  completedAt: NullableString,
}
export const Delivery = Type.Object(deliveryFields)
export const DeliveryWithBody = Type.Object({
  ...deliveryFields,
  body: Type.String({ description: 'Byte for byte what is sent.' }),
})

const Headers = Type.Record(Type.String(), Type.String())

export const Attempt = Type.Object({
  id: Type.String(),
  number: Type.Integer({ description: 'From 1; a resend starts anew.' }),
  startedAt: Type.String(),
  totalMs: Type.Integer(),
  requestHeaders: Headers,
  responseStatus: Type.Union([Type.Integer(), Type.Null()]),
  responseHeaders: Type.Union([Headers, Type.Null()]),
  responseBody: NullableString,
  error: NullableString,
})

export function webhookOf(endpoint: WebhookEndpoint): Static<typeof Webhook> {
  const { id, events, disabledAt, lastSuccessAt, createdAt, updatedAt } = endpoint
  return { id, url: maskedUrl(endpoint.url), events, disabledAt, lastSuccessAt, createdAt, updatedAt }
}

export function attemptOf({
  deliveryId: _delivery,
  eventId: _event,
  endpointId: _endpoint,
  requestBody: _body,
  url: _url,
  ...shown
}: AttemptRow): Static<typeof Attempt> {
  return shown
}

/** As registered, but for user info: that is a password. */
function maskedUrl(text: string): string {
  const url = new URL(text)
  if (url.username === '' && url.password === '') return text
  url.username = '***'
  url.password = ''
  return url.href
}

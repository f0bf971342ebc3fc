// What of the event log EasyPost's wire shows: contract section 10. The live vendor has no user events; these are ours,
// in the dress of its other events.

import type { RecordedEvent } from '../../platform/events/event.ts'
import { apiKeyOf, type WireApiKey } from './wire.ts'

/** Everything else in the log is for operators alone. */
export const shownTypes = [
  'user.created',
  'user.updated',
  'user.deleted',
  'api_key.created',
  'api_key.enabled',
  'api_key.disabled',
  'api_key.deleted',
] as const

/** Names that a client may know and that never come [guide]. */
export const silentTypes = [
  'tracker.created',
  'tracker.updated',
  'payment.created',
  'refund.successful',
  'batch.created',
  'batch.updated',
  'scan_form.created',
  'insurance.purchased',
  'insurance.cancelled',
  'insurance.failed',
] as const

/** What became of an event's deliveries, as the wire says it. */
export interface Outcome {
  status: 'in_queue' | 'retrying' | 'completed' | 'failed'
  pendingUrls: readonly string[]
  completedUrls: readonly string[]
  /** A timestamp; null when nothing was to be delivered. */
  updatedAt: string | null
}

/** An entry of the list. */
export function entryOf({ id, tenant, type, createdAt }: RecordedEvent, status: Outcome['status']) {
  return {
    description: type,
    id: wireId(id),
    user_id: tenant,
    status,
    created_at: createdAt,
    mode: 'production',
    object: 'Event',
  }
}

/** The event as it is read by itself. */
export function eventOf(event: RecordedEvent, outcome: Outcome) {
  const previous = event.data.previous
  return {
    ...entryOf(event, outcome.status),
    previous_attributes: event.type === 'user.updated' && isObject(previous) ? previous : {},
    pending_urls: outcome.pendingUrls.map(withoutUserInfo),
    completed_urls: outcome.completedUrls.map(withoutUserInfo),
    updated_at: outcome.updatedAt ?? event.createdAt,
  }
}

/** The record that the event tells of, as a read shows it; of a key without its secret. */
export function resultOf({ type, data }: RecordedEvent): object | null {
  if (type.startsWith('user.')) return isObject(data.user) ? data.user : null
  return keyOf(data)
}

function keyOf(data: Record<string, unknown>): Omit<WireApiKey, 'key'> & { key: null } {
  const disabledAt = data.active === true ? null : ''
  const shown = { id: String(data.id), mode: String(data.mode), createdAt: String(data.createdAt), disabledAt }
  return { ...apiKeyOf(shown, ''), key: null }
}

/** `evt_` and the 32 hex digits of the log's id. */
export function wireId(id: string): string {
  return `evt_${id.replaceAll('-', '')}`
}

const WIRE_ID = /^evt_([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/

/** The log's id of an event; undefined when no event can have this wire id. */
export function logId(wireId: string): string | undefined {
  return WIRE_ID.exec(wireId)?.slice(1).join('-')
}

/** A receiver's user name and password are its own affair. */
function withoutUserInfo(text: string): string {
  const url = URL.parse(text)
  if (!url || (url.username === '' && url.password === '')) return text
  url.username = ''
  url.password = ''
  return url.href
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

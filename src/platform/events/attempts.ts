// Every attempt to deliver, kept to be read: what was sent where, and what came back.

import type { Context, Principal } from '../context.ts'
import { numberOf, type Page, type PageQuery, pageByNumber } from '../db/keyset.ts'
import { DomainError } from '../errors.ts'
import * as store from './attempts.store.ts'

export interface Attempt {
  id: string
  deliveryId: string
  eventId: string
  endpointId: string
  /** Which one of its series, from 1. */
  number: number
  startedAt: string
  totalMs: number
  /** Without user info. Its path may be a secret: show it to the tenant, mask it elsewhere. */
  url: string
  /** As sent, in lower case; credentials and the values of custom headers read `***`. */
  requestHeaders: Record<string, string>
  requestBody: string
  /** Null, like the two below, when no answer came. */
  responseStatus: number | null
  responseHeaders: Record<string, string> | null
  /** Up to 16 KiB, as text. */
  responseBody: string | null
  /** Why it failed; null for a success. */
  error: string | null
}

/** Of a delivery or of an event, oldest first. What the tenant does not have has none. */
export async function list(
  ctx: Context,
  principal: Principal,
  filter: { deliveryId: string } | { eventId: string },
  page: PageQuery,
): Promise<Page<Attempt>> {
  const { vendor, tenant } = principal
  const rows = await store.list(ctx, vendor, tenant, filter, numberOf(page.after, 0), page.limit + 1)
  const { items, next } = pageByNumber(rows, page.limit, row => row.sequence)
  return { items: items.map(row => attemptOf(ctx, row)), next }
}

/** Throws `notFound`. */
export async function get(ctx: Context, principal: Principal, id: string): Promise<Attempt> {
  const [row] = await store.list(ctx, principal.vendor, principal.tenant, { id }, 0, 1)
  if (!row) throw new DomainError('notFound', 'no such delivery attempt')
  return attemptOf(ctx, row)
}

function attemptOf(ctx: Context, row: store.AttemptRow): Attempt {
  return {
    id: row.id,
    deliveryId: row.delivery_id,
    eventId: row.event_id,
    endpointId: row.endpoint_id,
    number: row.number,
    startedAt: row.started_at,
    totalMs: row.total_ms,
    url: ctx.vault.open(row.sealed_url, urlPlace(row.id)),
    requestHeaders: headersOf(row.request_headers),
    requestBody: row.body,
    responseStatus: row.response_status,
    responseHeaders: row.response_headers === null ? null : headersOf(row.response_headers),
    responseBody: row.response_body,
    error: row.error,
  }
}

function headersOf(json: string): Record<string, string> {
  return JSON.parse(json) as Record<string, string>
}

/** What the sealed URL is bound to. */
export const urlPlace = (attemptId: string) => `webhook-attempt:${attemptId}`

// What is sent next. A claim is a lease: while it holds nobody else takes the delivery, and when it ends without an
// outcome (the process was killed) the delivery is due again.

import { timestamp } from '../clock.ts'
import { type Context, withTransaction } from '../context.ts'
import * as deliveries from './deliveries.store.ts'
import type { WebhookDialect } from './dialect.ts'
import * as endpoints from './endpoints.store.ts'

export interface Claimed {
  delivery: deliveries.DeliveryRow
  endpoint: endpoints.EndpointRow
  dialect: WebhookDialect
  /** Stands in the delivery until the outcome is written. */
  claim: string
}

/** Requests in flight to one endpoint; a tenant's 50 endpoints together do not fill all places. */
const IN_FLIGHT_PER_ENDPOINT = 3
/** How much longer than an attempt may take a lease lasts: time to write down the outcome. */
const LEASE_MARGIN_MS = 30_000

/** Claims up to `free` due deliveries. `inFlight` says how many requests each endpoint has under way. */
export async function claimDue(ctx: Context, inFlight: ReadonlyMap<string, number>, free: number): Promise<Claimed[]> {
  const now = ctx.clock.now()
  const { dialects } = ctx.webhooks
  if (dialects.size === 0) return []
  const full = [...inFlight].filter(([, count]) => count >= IN_FLIGHT_PER_ENDPOINT).map(([id]) => id)
  // So many that `free` of them have nothing in flight, where there are that many.
  const limit = free + inFlight.size
  const due = await deliveries.listDueEndpoints(ctx, [...dialects.keys()], full, timestamp(now), limit)
  if (due.length === 0) return []
  const shares = share(due, inFlight, free, IN_FLIGHT_PER_ENDPOINT)
  const claim = ctx.ids.hex32()
  return withTransaction(ctx, null, async tx => {
    const claimed: Claimed[] = []
    // In the order of ids, so that two nodes never wait for each other in a circle.
    for (const id of [...shares.keys()].toSorted()) {
      const endpoint = await endpoints.findById(tx, id)
      const dialect = endpoint && dialects.get(endpoint.vendor)
      if (!dialect || endpoint.disabled_at !== null) continue
      const leaseEnd = timestamp(now + dialect.timeLimitMs + LEASE_MARGIN_MS)
      const rows = await deliveries.claimDue(tx, id, timestamp(now), claim, leaseEnd, shares.get(id) ?? 0)
      claimed.push(...rows.map(delivery => ({ delivery, endpoint, dialect, claim })))
    }
    return claimed
  })
}

/**
 * Divides `free` places: one after the other to the endpoint that has the fewest in flight, none more than
 * `perEndpoint`. `due` is in order of waiting, which decides between equals.
 */
export function share(
  due: readonly string[],
  inFlight: ReadonlyMap<string, number>,
  free: number,
  perEndpoint: number,
): Map<string, number> {
  const shares = new Map<string, number>()
  let left = free
  for (let level = 0; level < perEndpoint; level++) {
    for (const id of due) {
      if (left === 0) return shares
      if ((inFlight.get(id) ?? 0) + (shares.get(id) ?? 0) !== level) continue
      shares.set(id, (shares.get(id) ?? 0) + 1)
      left--
    }
  }
  return shares
}

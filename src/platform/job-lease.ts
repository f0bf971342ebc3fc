// Which node runs a job. A claim on the job's row is a lease: it is renewed while the run lasts, and where its node was
// killed it ends by itself and another takes the job over.

import { timestamp } from './clock.ts'
import type { Context } from './context.ts'
import * as store from './jobs.store.ts'

/** How long a job waits for a node that was killed in it. The clocks of the nodes may differ by less than that. */
const LEASE_MS = 30_000
const RENEW_MS = 10_000

/**
 * Runs a job, if it is due and no other node has it; `everyMs` is from the end of one run, on whatever node, to the next.
 * `lost` is aborted when another node has taken the job over. Returns after how many milliseconds it is worth another
 * look. Throws what the run throws; the next is due as after any other.
 */
export async function runUnderLease(
  ctx: Context,
  { name, everyMs }: { name: string; everyMs: number },
  run: (lost: AbortSignal) => Promise<void>,
): Promise<number> {
  const claim = ctx.ids.hex32()
  const waitMs = await take(ctx, name, claim, everyMs)
  if (waitMs > 0) return waitMs
  const lost = new AbortController()
  const renew = async () => {
    if (!(await store.update(ctx, name, claim, { claimed_until: leaseEnd(ctx) }))) lost.abort()
  }
  // A renewal that fails is followed by others, and the lease may outlive them.
  const renewal = setInterval(() => void renew().catch(() => {}), RENEW_MS).unref()
  try {
    await run(lost.signal)
  } finally {
    clearInterval(renewal)
    const due_at = timestamp(ctx.clock.now() + everyMs)
    await store.update(ctx, name, claim, { claim: null, claimed_until: null, due_at })
  }
  return everyMs
}

/** Claims the job and returns 0, or returns when it may be there to be claimed. */
async function take(ctx: Context, name: string, claim: string, everyMs: number): Promise<number> {
  const now = ctx.clock.now()
  const lease = { claim, claimed_until: leaseEnd(ctx) }
  // Another node may have put it off just now, by a clock that is ahead of ours.
  const dueMax = timestamp(now + everyMs + LEASE_MS)
  if (await store.claim(ctx, name, lease, timestamp(now), dueMax)) return 0
  const job = await store.find(ctx, name)
  if (!job) {
    await store.insert(ctx, name, timestamp(now))
    return take(ctx, name, claim, everyMs)
  }
  const freeAt = Date.parse(job.claimed_until ?? job.due_at)
  return Math.min(Math.max(freeAt - now, 1), everyMs)
}

function leaseEnd(ctx: Context): string {
  return timestamp(ctx.clock.now() + LEASE_MS)
}

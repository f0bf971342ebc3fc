// Notices that the machine's clock was set, by a clock that cannot be. Limits, leases and jobs bear it by themselves; what
// a clock that is set back would make wait for as long, is due at once.

import { timestamp } from './clock.ts'
import type { Context } from './context.ts'
import * as deliveries from './events/deliveries.store.ts'
import type { Job } from './jobs.ts'
import * as outbox from './mail/outbox.ts'

const EVERY_MS = 1000
/** Less than that a time service corrects by. */
const STEP_MIN_MS = 2000
/** Nodes' clocks may be so far apart: what is dated later is from before the clock was set. */
const SKEW_MS = 1000

/** `monotonic` gives milliseconds that no setting of the clock moves. */
export function clockWatch(monotonic: () => number = () => performance.now()): Job {
  let offset: number | undefined
  let setBack = false
  return {
    name: 'clock-watch',
    everyMs: EVERY_MS,
    onEveryNode: true,
    async run(ctx) {
      const found = ctx.clock.now() - monotonic()
      const byMs = Math.round(found - (offset ?? found))
      offset = found
      if (Math.abs(byMs) >= STEP_MIN_MS) {
        const way = byMs > 0 ? 'set forward, or the machine slept' : 'set back'
        ctx.log.warn({ byMs }, `the clock was ${way}`)
        ctx.warnings.raise('clock')
        setBack ||= byMs < 0
      }
      if (!setBack) return
      await hasten(ctx)
      setBack = false
    },
  }
}

/** Makes due what waits by the clock as it was. */
async function hasten(ctx: Context): Promise<void> {
  const now = ctx.clock.now()
  const dated = { after: timestamp(now + SKEW_MS), now: timestamp(now) }
  const hastened = (await deliveries.hasten(ctx, dated)) + (await outbox.hasten(ctx, dated))
  if (hastened === 0) return
  ctx.log.info({ hastened }, 'webhooks and mails that waited by the clock as it was are sent now')
  ctx.webhooks.queued.ring()
}

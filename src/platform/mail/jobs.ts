import { inBatches } from '../batches.ts'
import { timestamp } from '../clock.ts'
import type { Context } from '../context.ts'
import type { Job } from '../jobs.ts'
import * as outbox from './outbox.ts'
import type { Mailer } from './smtp.ts'

/** However short the retention time is: what nobody was sent can be read this long, or sent once there is a mailer. */
const UNSENT_KEPT_MIN_MS = 7 * 24 * 3600 * 1000

/** Sends what is due, when there is a mailer, and forgets mails whose retention time is over. */
export function mailJobs(mailer: Mailer | undefined): Job[] {
  const retention: Job = { name: 'mail-retention', everyMs: 3_600_000, run: purge }
  if (!mailer) return [retention]
  return [
    retention,
    { name: 'mail-sending', everyMs: 1000, onEveryNode: true, run: (ctx, stop) => mailer.sendDue(ctx, stop) },
  ]
}

async function purge(ctx: Context, stop: AbortSignal): Promise<void> {
  const { retentionMs } = ctx.settings
  const now = ctx.clock.now()
  const before = timestamp(now - retentionMs)
  await inBatches(stop, limit => outbox.purge(ctx, ['sent', 'failed'], before, limit))
  const unsentBefore = timestamp(now - Math.max(retentionMs, UNSENT_KEPT_MIN_MS))
  await inBatches(stop, limit => outbox.purge(ctx, ['held'], unsentBefore, limit))
  await inBatches(stop, async limit => {
    const dropped = await outbox.purge(ctx, ['queued'], unsentBefore, limit)
    if (dropped > 0) ctx.log.warn({ mails: dropped }, 'mails dropped: they were not sent in all that time')
    return dropped
  })
}

import { timestamp } from '../clock.ts'
import type { Job } from '../jobs.ts'
import * as outbox from './outbox.ts'
import type { Mailer } from './smtp.ts'

/** Sends what is due, when there is a mailer, and forgets mails whose retention time is over. */
export function mailJobs(mailer: Mailer | undefined): Job[] {
  const retention: Job = {
    name: 'mail-retention',
    everyMs: 3_600_000,
    run: ctx => outbox.purge(ctx, timestamp(ctx.clock.now() - ctx.settings.retentionMs)),
  }
  if (!mailer) return [retention]
  return [
    retention,
    { name: 'mail-sending', everyMs: 1000, onEveryNode: true, run: (ctx, stop) => mailer.sendDue(ctx, stop) },
  ]
}

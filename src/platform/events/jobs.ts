import { inBatches } from '../batches.ts'
import { timestamp } from '../clock.ts'
import { type Context, withTransaction } from '../context.ts'
import type { Job } from '../jobs.ts'
import type { Lookup } from '../outbound/post.ts'
import * as deliveries from './deliveries.store.ts'
import type { Webhooks } from './dialect.ts'
import { Dispatcher } from './dispatcher.ts'

const DAY_MS = 24 * 3600 * 1000
/** No pause between attempts is nearly as long: what lies untouched for longer is finished, or its endpoint disabled. */
const KEPT_MIN_MS = 7 * DAY_MS

/** Sends what is due, at once when something is queued, and forgets deliveries whose retention time is over. */
export function webhookJobs({ queued }: Webhooks, lookup: Lookup): Job[] {
  const dispatcher = new Dispatcher(lookup)
  return [
    {
      name: 'webhook-sending',
      everyMs: 1000,
      onEveryNode: true,
      bell: queued,
      run: (ctx, stop) => dispatcher.run(ctx, stop),
    },
    { name: 'webhook-retention', everyMs: 3_600_000, run: purge },
  ]
}

/** Finished deliveries, and what waited that long for a disabled endpoint, with their attempts. */
async function purge(ctx: Context, stop: AbortSignal): Promise<void> {
  const before = timestamp(ctx.clock.now() - Math.max(ctx.settings.retentionMs, KEPT_MIN_MS))
  await inBatches(stop, limit => purgeBatch(ctx, before, limit))
}

async function purgeBatch(ctx: Context, before: string, limit: number): Promise<number> {
  const rows = await deliveries.listUntouchedSince(ctx, before, limit)
  if (rows.length === 0) return 0
  await withTransaction(ctx, null, tx =>
    deliveries.removeUntouched(
      tx,
      rows.map(({ id }) => id),
      before,
    ),
  )
  const waiting = rows.filter(row => row.due_at !== null).length
  if (waiting > 0) ctx.log.warn({ deliveries: waiting }, 'webhook deliveries dropped: their endpoints stayed disabled')
  return rows.length
}

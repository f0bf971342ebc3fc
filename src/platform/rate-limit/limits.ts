// Picks who counts: this process alone in memory, or all nodes together in the store that they share.

import type { Clock } from '../clock.ts'
import type { Vault } from '../credentials/vault.ts'
import type { Store } from '../db/engine.ts'
import type { Job } from '../jobs.ts'
import { FixedWindow, type WindowLimits } from './fixed-window.ts'
import { purgeJob } from './purge.ts'
import { SharedBuckets } from './shared-bucket.ts'
import { SharedWindows } from './shared-window.ts'
import { type BucketLimits, TokenBuckets } from './token-bucket.ts'

interface RateLimits {
  windows: WindowLimits
  buckets: BucketLimits
  /** What keeps the store from growing. */
  jobs: readonly Job[]
}

export function openRateLimits(
  clock: Clock,
  { lookupHash }: Pick<Vault, 'lookupHash'>,
  { runShared }: Pick<Store, 'runShared'>,
): RateLimits {
  if (!runShared) return { windows: new FixedWindow(clock), buckets: new TokenBuckets(clock), jobs: [] }
  const shared = { clock, run: runShared, idOf: lookupHash }
  return { windows: new SharedWindows(shared), buckets: new SharedBuckets(shared), jobs: [purgeJob] }
}

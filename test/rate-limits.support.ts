// Rate limits as the app opens them, on the store of this pass: in memory, or counted in a PostgreSQL.

import type { TestContext } from 'node:test'
import type { Clock } from '../src/platform/clock.ts'
import { IN_MEMORY, openStore } from '../src/platform/db/engine.ts'
import { openRateLimits } from '../src/platform/rate-limit/limits.ts'
import { freshStore } from './store.ts'

const NO_POSTGRES = { poolMax: 1, statementTimeoutMs: 1000 }

/** A node for each clock, all on one store; closed after the test. */
export async function openNodes(t: TestContext, clocks: readonly Clock[]) {
  const fresh = await freshStore()
  const { data = IN_MEMORY, postgres = NO_POSTGRES } = fresh.config
  const stores = await Promise.all(clocks.map(() => openStore(data, postgres)))
  t.after(async () => {
    for (const store of stores) await store.close()
    await fresh.release()
  })
  return stores.map((store, index) => {
    const clock = clocks[index] ?? { now: () => 0 }
    return { db: store.db, clock, ...openRateLimits(clock, { lookupHash: key => `hash of ${key}` }, store) }
  })
}

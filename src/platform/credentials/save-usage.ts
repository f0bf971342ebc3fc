import { timestamp } from '../clock.ts'
import { type Context, withTransaction } from '../context.ts'
import { giveWay } from '../db/engine.ts'
import { noteUse } from './credentials.store.ts'

/** Writes down what `Usage` collected: when each credential was last used. Run by a job and at the end. */
export async function saveUsage(ctx: Context): Promise<void> {
  const used = ctx.usage.take()
  if (used.size === 0) return
  // In the order of ids, so that two nodes never wait for each other.
  const inOrder = [...used].toSorted(([one], [other]) => (one < other ? -1 : 1))
  try {
    await withTransaction(ctx, null, async tx => {
      // A change of several keys goes by another order.
      await giveWay(tx.db)
      for (const [id, ms] of inOrder) await noteUse(tx, id, timestamp(ms))
    })
  } catch (error) {
    ctx.usage.giveBack(used)
    throw error
  }
}

// The children of a parent: pages for the two lists (contract section 6), and all of them for the answers that hold
// them whole.

import { setImmediate as letOthersRun } from 'node:timers/promises'
import type { Context } from '../../platform/context.ts'
import { DomainError } from '../../platform/errors.ts'
import { type CursorRequest, type Order, pageOf } from './paging.ts'
import * as store from './users.store.ts'

/** How many children are read at once; others get their turn in between. */
export const BATCH_SIZE = 100

/** One page. A deleted child still works as a cursor, by its old place. Throws `notFound` (cursor). */
export async function page(
  ctx: Context,
  tenant: string,
  request: CursorRequest,
  order: Order,
): Promise<{ items: store.User[]; hasMore: boolean }> {
  const { cursor, direction, pageSize } = request
  const from = cursor === undefined ? undefined : await store.positionOfChild(ctx, tenant, cursor)
  if (cursor !== undefined && from === undefined) throw new DomainError('notFound', 'no child stands at this cursor')
  return pageOf(await store.listChildren(ctx, tenant, { direction, from }, pageSize + 1), request, order)
}

/** Every live child, oldest first, in batches. Those that are made or deleted meanwhile may be in or not. */
export async function* batches(ctx: Context, tenant: string): AsyncGenerator<store.User[]> {
  let from: number | undefined
  for (;;) {
    const batch = await store.listChildren(ctx, tenant, { direction: 'newer', from }, BATCH_SIZE)
    if (batch.length > 0) yield batch
    if (batch.length < BATCH_SIZE) return
    from = batch.at(-1)?.position
    await letOthersRun()
  }
}

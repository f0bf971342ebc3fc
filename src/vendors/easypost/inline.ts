// The two answers that hold every child of a parent by contract, however many: the parent's own record (section 4) and
// the key tree (section 7). Built in slices, so that nobody else waits, and handed over as one piece.

import { setImmediate as letOthersRun } from 'node:timers/promises'
import type { Context } from '../../platform/context.ts'
import * as credentials from '../../platform/credentials/credentials.ts'
import { BATCH_SIZE, batches } from './children.ts'
import { shown, VENDOR } from './keys.ts'
import type { User } from './users.store.ts'
import { apiKeyOf, childOf, type WireApiKey } from './wire.ts'

/** How many pieces of some 40 KB are copied at once. */
const PIECES_AT_ONCE = 64

interface KeyNode {
  id: string
  keys: WireApiKey[]
  children: []
}

/** A record with all children of its tenant in `children`, its last member, as JSON. */
export function recordWithChildren(ctx: Context, record: object, tenant: string): Promise<Buffer> {
  return assemble({ ...record, children: [] }, batches(ctx, tenant), async batch => batch.map(childOf))
}

/** The key tree of a user, with its children where it is a parent, as JSON; and how many keys it shows. */
export async function keyTree(
  ctx: Context,
  { tenant, id, parentId }: Pick<User, 'tenant' | 'id' | 'parentId'>,
): Promise<{ json: Buffer; keys: number }> {
  let keys = 0
  const nodesOf = async (ids: string[]) => {
    const nodes = await keyNodes(ctx, tenant, ids)
    for (const node of nodes) keys += node.keys.length
    return nodes
  }
  const [root = emptyNode(id)] = await nodesOf([id])
  const children = parentId === null ? batches(ctx, tenant) : []
  const json = await assemble(root, children, batch => nodesOf(batch.map(child => child.id)))
  return { json, keys }
}

/** A node for each of these users, in their order; keys in creation order. */
async function keyNodes(ctx: Context, tenant: string, ids: string[]): Promise<KeyNode[]> {
  const nodes = new Map(ids.map(id => [id, emptyNode(id)]))
  // Always as many, so that it is one statement: the last id again and again finds nothing more.
  const length = ids.length === 1 ? 1 : BATCH_SIZE
  const owners = Array.from({ length }, (_, index) => ids[index] ?? ids.at(-1) ?? '')
  for (const credential of await credentials.listOwned(ctx, { vendor: VENDOR, tenant, owners })) {
    nodes.get(credential.owner)?.keys.push(apiKeyOf(credential, shown(ctx, credential).key))
  }
  return [...nodes.values()]
}

const emptyNode = (id: string): KeyNode => ({ id, keys: [], children: [] })

/** The JSON of `outer`, whose last member is the empty array `children`, with the items of all batches in it. */
async function assemble<T>(
  outer: { children: [] },
  found: AsyncIterable<T[]> | Iterable<T[]>,
  itemsOf: (batch: T[]) => Promise<object[]>,
): Promise<Buffer> {
  const pieces = [Buffer.from(JSON.stringify(outer).slice(0, -']}'.length))]
  for await (const batch of found) {
    const items = JSON.stringify(await itemsOf(batch)).slice(1, -1)
    pieces.push(Buffer.from(pieces.length === 1 ? items : `,${items}`))
  }
  pieces.push(Buffer.from(']}'))
  return joined(pieces)
}

/** As Buffer.concat, but others get their turn in between: copying tens of megabytes takes its time. */
async function joined(pieces: Buffer[]): Promise<Buffer> {
  const whole = Buffer.allocUnsafe(pieces.reduce((length, piece) => length + piece.length, 0))
  let end = 0
  for (const [index, piece] of pieces.entries()) {
    end += piece.copy(whole, end)
    if (index % PIECES_AT_ONCE === PIECES_AT_ONCE - 1) await letOthersRun()
  }
  return whole
}

// Seals what was committed, behind the writers' backs: it holds no lock that they need, and the log is read only as far
// as it is complete. Any number of nodes may do it at once: of those that seal the same events one wins.

import { setImmediate } from 'node:timers/promises'
import { type Context, withTransaction } from '../context.ts'
import { feedHorizon } from '../db/engine.ts'
import type { Job } from '../jobs.ts'
import type { EventRow } from './events.ts'
import * as store from './seals.store.ts'
import {
  chainOf,
  eventHash,
  type Head,
  headProof,
  type Seal,
  START,
  sealHash,
  type Watermark,
  watermarkProof,
} from './seals.ts'

/** Events in one transaction. */
const BATCH = 100
/** In one run; what is left comes with the next. */
const BATCHES_MAX = 100

export const sealing: Job = { name: 'event-sealing', everyMs: 1000, run: seal }

/** Seals the events that are committed, or as many as one run takes. Throws when what it would go on from is not its own. */
async function seal(ctx: Context, stop: AbortSignal): Promise<void> {
  for (let batch = 0; batch < BATCHES_MAX && !stop.aborted; batch++) {
    if ((await sealBatch(ctx)) < BATCH) return
    await setImmediate()
  }
}

/** Returns how many it sealed; none when another process was first. */
async function sealBatch(ctx: Context): Promise<number> {
  const horizon = await feedHorizon(ctx.db)
  const mark = await watermark(ctx)
  const events = await store.listEvents(ctx, mark.sequence, horizon, BATCH)
  const last = events.at(-1)
  if (!last) return 0
  const next = { sequence: last.sequence, seals: mark.seals + events.length }
  const unchained = events.map(event => ({ ...event, event_hash: eventHash(ctx.vault, event) }))
  return withTransaction(ctx, null, async tx => {
    if (!(await store.moveWatermark(tx, mark, { ...next, proof: watermarkProof(tx.vault, next) }))) return 0
    const { seals, heads } = chained(tx, unchained, await headsOf(tx, events))
    await store.insert(tx, seals)
    await store.saveHeads(tx, heads)
    return events.length
  })
}

async function watermark(ctx: Context): Promise<Watermark> {
  let found = await store.findWatermark(ctx)
  if (!found) {
    const sealed = (await store.lastSequence(ctx)) > 0
    // Once more: another node may have begun just now.
    found = await store.findWatermark(ctx)
    if (!found && sealed) throw damaged('the watermark was removed')
  }
  if (found) {
    if (found.proof !== watermarkProof(ctx.vault, found)) throw damaged('the watermark was changed')
    return found
  }
  await withTransaction(ctx, null, tx =>
    store.createWatermark(tx, { ...START, proof: watermarkProof(tx.vault, START) }),
  )
  return START
}

async function headsOf(tx: Context, events: readonly EventRow[]): Promise<Map<string, Head>> {
  const heads = (await store.listHeadsOf(tx, events)).map(({ proof, ...head }) => {
    if (proof !== headProof(tx.vault, head)) throw damaged(`the head of the chain ${chainOf(head)} was changed`)
    return [chainOf(head), head] as const
  })
  return new Map(heads)
}

/** The seals that follow these heads, and the heads that come of it. */
function chained(
  { vault }: Context,
  events: readonly (EventRow & Pick<Seal, 'event_hash'>)[],
  before: ReadonlyMap<string, Head>,
): { seals: Seal[]; heads: store.HeadRow[] } {
  const heads = new Map<string, Head>()
  const seals = events.map(({ vendor, tenant, sequence, id, event_hash }) => {
    const chain = chainOf({ vendor, tenant })
    const head = heads.get(chain) ?? before.get(chain)
    const place = { vendor, tenant, number: (head?.number ?? 0) + 1 }
    const seal = { ...place, sequence, event_id: id, event_hash }
    const hash = sealHash(vault, head?.hash ?? '', seal)
    heads.set(chain, { ...place, hash })
    return { ...seal, hash }
  })
  return { seals, heads: [...heads.values()].map(head => ({ ...head, proof: headProof(vault, head) })) }
}

/** To go on would hide it. */
function damaged(what: string): Error {
  return new Error(`${what}; \`understudy events verify\` says more, and nothing is sealed until it is put back`)
}

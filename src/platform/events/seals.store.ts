import type { Context } from '../context.ts'
import type { EventRow } from './events.ts'
import type { Head, Seal, Watermark } from './seals.ts'

interface ChainTable extends Head {
  /** `headProof` of the row. */
  proof: string
}

interface WatermarkTable extends Watermark {
  name: string
  /** `watermarkProof` of the row. */
  proof: string
}

declare module '../db/database.ts' {
  interface Database {
    event_seals: Seal
    event_chains: ChainTable
    event_watermarks: WatermarkTable
  }
}

export type HeadRow = ChainTable
export type WatermarkRow = Omit<WatermarkTable, 'name'>
type Chain = Pick<Head, 'vendor' | 'tenant'>

/** There is one for the whole log. */
const LOG = 'log'

export function findWatermark(ctx: Pick<Context, 'db'>): Promise<WatermarkRow | undefined> {
  return ctx.db
    .selectFrom('event_watermarks')
    .select(['sequence', 'seals', 'proof'])
    .where('name', '=', LOG)
    .executeTakeFirst()
}

export async function createWatermark(tx: Context, row: WatermarkRow): Promise<void> {
  await tx.db
    .insertInto('event_watermarks')
    .values({ name: LOG, ...row })
    .onConflict(conflict => conflict.doNothing())
    .execute()
}

/** Keeps everybody else from moving it until the transaction ends. Returns false when it was moved meanwhile. */
export async function moveWatermark(tx: Context, from: Watermark, to: WatermarkRow): Promise<boolean> {
  const { numUpdatedRows } = await tx.db
    .updateTable('event_watermarks')
    .set(to)
    .where('name', '=', LOG)
    .where('sequence', '=', from.sequence)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

/** In the order of the log, after one sequence number and up to another. */
export function listEvents(ctx: Context, after: number, upTo: number, limit: number): Promise<EventRow[]> {
  return ctx.db
    .selectFrom('events')
    .selectAll()
    .where('sequence', '>', after)
    .where('sequence', '<=', upTo)
    .orderBy('sequence')
    .limit(limit)
    .execute()
}

/** The heads of these chains, as far as there are any; it may give more. */
export async function listHeadsOf(ctx: Context, chains: readonly Chain[]): Promise<HeadRow[]> {
  if (chains.length === 0) return []
  return ctx.db
    .selectFrom('event_chains')
    .selectAll()
    .where('vendor', 'in', [...new Set(chains.map(({ vendor }) => vendor))])
    .where('tenant', 'in', [...new Set(chains.map(({ tenant }) => tenant))])
    .execute()
}

export async function insert(tx: Context, seals: readonly Seal[]): Promise<void> {
  await tx.db.insertInto('event_seals').values(seals).execute()
}

export async function saveHeads(tx: Context, heads: readonly HeadRow[]): Promise<void> {
  await tx.db
    .insertInto('event_chains')
    .values(heads)
    .onConflict(conflict =>
      conflict.columns(['vendor', 'tenant']).doUpdateSet(({ ref }) => ({
        number: ref('excluded.number'),
        hash: ref('excluded.hash'),
        proof: ref('excluded.proof'),
      })),
    )
    .execute()
}

/** Chain by chain, each from its start; after the seal `after`. */
export function list(ctx: Context, after: Chain & { number: number }, limit: number): Promise<Seal[]> {
  return ctx.db
    .selectFrom('event_seals')
    .selectAll()
    .where(eb => eb(eb.refTuple('vendor', 'tenant', 'number'), '>', eb.tuple(after.vendor, after.tenant, after.number)))
    .orderBy('vendor')
    .orderBy('tenant')
    .orderBy('number')
    .limit(limit)
    .execute()
}

/** In the order of the log, after one sequence number and up to another. */
export function listPlaces(
  ctx: Context,
  after: number,
  upTo: number,
  limit: number,
): Promise<Pick<Seal, 'sequence' | 'hash'>[]> {
  return ctx.db
    .selectFrom('event_seals')
    .select(['sequence', 'hash'])
    .where('sequence', '>', after)
    .where('sequence', '<=', upTo)
    .orderBy('sequence')
    .limit(limit)
    .execute()
}

export async function lastSequence(ctx: Context): Promise<number> {
  const last = ctx.db.selectFrom('event_seals').select('sequence').orderBy('sequence', 'desc').limit(1)
  return (await last.executeTakeFirst())?.sequence ?? 0
}

/** Heads of chains that have no seal at all. */
export function listHeadsAlone(ctx: Context, limit: number): Promise<HeadRow[]> {
  return ctx.db
    .selectFrom('event_chains as head')
    .selectAll('head')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('event_seals as seal')
            .select('seal.number')
            .whereRef('seal.vendor', '=', 'head.vendor')
            .whereRef('seal.tenant', '=', 'head.tenant'),
        ),
      ),
    )
    .orderBy('head.vendor')
    .orderBy('head.tenant')
    .limit(limit)
    .execute()
}

export async function listEventsAt(ctx: Context, sequences: readonly number[]): Promise<EventRow[]> {
  if (sequences.length === 0) return []
  return ctx.db.selectFrom('events').selectAll().where('sequence', 'in', sequences).execute()
}

export function findEvent(ctx: Context, id: string): Promise<EventRow | undefined> {
  return ctx.db.selectFrom('events').selectAll().where('id', '=', id).executeTakeFirst()
}

export type EventName = Pick<EventRow, 'sequence' | 'id' | 'vendor' | 'tenant' | 'type'>

/** As `listEvents`, without what they hold. */
export function listEventNames(ctx: Context, after: number, upTo: number, limit: number): Promise<EventName[]> {
  return ctx.db
    .selectFrom('events')
    .select(['sequence', 'id', 'vendor', 'tenant', 'type'])
    .where('sequence', '>', after)
    .where('sequence', '<=', upTo)
    .orderBy('sequence')
    .limit(limit)
    .execute()
}

export async function countEventsAfter(ctx: Context, sequence: number): Promise<number> {
  const { count } = await ctx.db
    .selectFrom('events')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('sequence', '>', sequence)
    .executeTakeFirstOrThrow()
  return Number(count)
}

import type { Selectable } from 'kysely'
import type { Context } from '../../platform/context.ts'
import type { Place } from '../../platform/db/keyset.ts'

interface ParentTable {
  id: string
  balance: string
  list_per_second: number
  per_second: number
  user_events: number
  /** The place that the next child gets. */
  next_position: number
  created_at: string
}

declare module '../../platform/db/database.ts' {
  interface Database {
    easypost_parents: ParentTable
  }
}

/** What operators set of a parent; limits hold for each of its users by itself. */
export interface ParentSettings {
  /** A decimal with two places. */
  balance: string
  listPerSecond: number
  perSecond: number
  /** Whether user and key events are shown and sent. */
  userEvents: boolean
}

export interface Parent extends ParentSettings {
  id: string
  createdAt: string
}

export async function find(ctx: Context, id: string): Promise<Parent | undefined> {
  const row = await ctx.db.selectFrom('easypost_parents').selectAll().where('id', '=', id).executeTakeFirst()
  return row && parentOf(row)
}

/** Whether a parent has user and key events shown and sent. */
export async function hasUserEvents({ db }: Pick<Context, 'db'>, id: string): Promise<boolean> {
  const row = await db.selectFrom('easypost_parents').select('user_events').where('id', '=', id).executeTakeFirst()
  return row?.user_events === 1
}

/** In creation order. */
export async function list(ctx: Context, place: Place, limit: number): Promise<Parent[]> {
  const rows = await ctx.db
    .selectFrom('easypost_parents')
    .selectAll()
    .where(eb => eb(eb.refTuple('created_at', 'id'), '>', eb.tuple(place.createdAt, place.id)))
    .orderBy('created_at')
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(parentOf)
}

export async function insert(tx: Context, parent: Parent, nextPosition: number): Promise<void> {
  await tx.db
    .insertInto('easypost_parents')
    .values({
      id: parent.id,
      ...columnsOf(parent),
      next_position: nextPosition,
      created_at: parent.createdAt,
    })
    .execute()
}

export async function update(tx: Context, id: string, settings: ParentSettings): Promise<void> {
  await tx.db.updateTable('easypost_parents').set(columnsOf(settings)).where('id', '=', id).execute()
}

/** Hands out the parent's next position, and holds its row until the transaction ends: children are made one by one. */
export async function takePosition(tx: Context, id: string): Promise<number> {
  const row = await tx.db
    .updateTable('easypost_parents')
    .set(eb => ({ next_position: eb('next_position', '+', 1) }))
    .where('id', '=', id)
    .returning('next_position')
    .executeTakeFirstOrThrow()
  return row.next_position - 1
}

function columnsOf({ balance, listPerSecond, perSecond, userEvents }: ParentSettings) {
  return { balance, list_per_second: listPerSecond, per_second: perSecond, user_events: userEvents ? 1 : 0 }
}

function parentOf(row: Selectable<ParentTable>): Parent {
  return {
    id: row.id,
    balance: row.balance,
    listPerSecond: row.list_per_second,
    perSecond: row.per_second,
    userEvents: row.user_events === 1,
    createdAt: row.created_at,
  }
}

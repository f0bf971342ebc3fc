import type { Selectable } from 'kysely'
import type { Context } from '../../platform/context.ts'
import { emailKey } from '../../platform/email.ts'

interface UserTable {
  /** The parent's id, for the parent and its children alike. */
  tenant: string
  id: string
  parent_id: string | null
  /** Creation order inside the tenant: 0 is the parent. Grows, never reused; ids carry no order. */
  position: number
  name: string
  email: string | null
  email_key: string | null
  phone_number: string | null
  recharge_amount: string | null
  secondary_recharge_amount: string | null
  recharge_threshold: string | null
  created_at: string
  updated_at: string
  deleted_at: string | null
}

declare module '../../platform/db/database.ts' {
  interface Database {
    easypost_users: UserTable
  }
}

/** What a client may write of a user. Money is a decimal with two places. */
export interface UserFields {
  name: string
  email: string | null
  phoneNumber: string | null
  rechargeAmount: string | null
  secondaryRechargeAmount: string | null
  rechargeThreshold: string | null
}

export interface User extends UserFields {
  tenant: string
  id: string
  /** Null for a parent. */
  parentId: string | null
  position: number
  createdAt: string
  updatedAt: string
  deletedAt: string | null
}

/** A stretch of the children: in which direction it is walked, and from which position on, exclusive. */
export interface Stretch {
  direction: 'older' | 'newer'
  from: number | undefined
}

/** The position of the parent itself; children come after it. */
export const PARENT_POSITION = 0

export async function find(ctx: Context, tenant: string, id: string): Promise<User | undefined> {
  const row = await live(ctx, tenant).selectAll().where('id', '=', id).executeTakeFirst()
  return row && userOf(row)
}

/** Also a deleted one. */
export async function findAny(ctx: Context, tenant: string, id: string): Promise<User | undefined> {
  const row = await all(ctx, tenant).selectAll().where('id', '=', id).executeTakeFirst()
  return row && userOf(row)
}

/** Where a child stands or, while its row is kept, stood. */
export async function positionOfChild(ctx: Context, tenant: string, id: string): Promise<number | undefined> {
  const row = await all(ctx, tenant)
    .select('position')
    .where('id', '=', id)
    .where('position', '>', PARENT_POSITION)
    .executeTakeFirst()
  return row?.position
}

/** Up to `limit` live children in the order of the walk: newer ones oldest first, older ones newest first. */
export async function listChildren(
  ctx: Context,
  tenant: string,
  { direction, from }: Stretch,
  limit: number,
): Promise<User[]> {
  let query = live(ctx, tenant).selectAll().where('position', '>', PARENT_POSITION)
  if (from !== undefined) query = query.where('position', direction === 'newer' ? '>' : '<', from)
  const rows = await query
    .orderBy('position', direction === 'newer' ? 'asc' : 'desc')
    .limit(limit)
    .execute()
  return rows.map(userOf)
}

/** Children for operators, after a position: the live ones, or the deleted ones that are kept. */
export async function listForOperator(
  ctx: Context,
  tenant: string,
  filter: { after: number; deleted: boolean },
  limit: number,
): Promise<User[]> {
  const rows = await all(ctx, tenant)
    .selectAll()
    .where('position', '>', Math.max(filter.after, PARENT_POSITION))
    .where('deleted_at', filter.deleted ? 'is not' : 'is', null)
    .orderBy('position')
    .limit(limit)
    .execute()
  return rows.map(userOf)
}

/** Whether there are more than `count` live children; 0 asks whether there is one. */
export async function hasMoreChildrenThan(ctx: Context, tenant: string, count: number): Promise<boolean> {
  const query = live(ctx, tenant).select('position').where('position', '>', PARENT_POSITION).orderBy('position')
  return (await query.limit(1).offset(count).executeTakeFirst()) !== undefined
}

export async function insert(tx: Context, user: User): Promise<void> {
  await tx.db
    .insertInto('easypost_users')
    .values({
      tenant: user.tenant,
      id: user.id,
      parent_id: user.parentId,
      position: user.position,
      ...columnsOf(user),
      created_at: user.createdAt,
      updated_at: user.updatedAt,
      deleted_at: user.deletedAt,
    })
    .execute()
}

export async function update(tx: Context, user: User): Promise<void> {
  await tx.db
    .updateTable('easypost_users')
    .set({ ...columnsOf(user), updated_at: user.updatedAt })
    .where('tenant', '=', user.tenant)
    .where('id', '=', user.id)
    .execute()
}

/** Marks a user deleted at `deletedAt`, or, with null, live again. */
export async function setDeleted(tx: Context, user: User, deletedAt: string | null): Promise<void> {
  await tx.db
    .updateTable('easypost_users')
    .set({ deleted_at: deletedAt })
    .where('tenant', '=', user.tenant)
    .where('id', '=', user.id)
    .execute()
}

/** Users deleted before `time`, over all tenants. */
export function listDeletedBefore(
  ctx: Context,
  time: string,
  limit: number,
): Promise<{ tenant: string; id: string }[]> {
  return ctx.db
    .selectFrom('easypost_users')
    .select(['tenant', 'id'])
    .where('deleted_at', 'is not', null)
    .where('deleted_at', '<', time)
    .limit(limit)
    .execute()
}

/** Forgets a user that was deleted before `time`. Returns whether there was one: it may have been restored. */
export async function purge(tx: Context, tenant: string, id: string, time: string): Promise<boolean> {
  const { numDeletedRows } = await tx.db
    .deleteFrom('easypost_users')
    .where('tenant', '=', tenant)
    .where('id', '=', id)
    .where('deleted_at', '<', time)
    .executeTakeFirst()
  return numDeletedRows > 0n
}

function all(ctx: Context, tenant: string) {
  return ctx.db.selectFrom('easypost_users').where('tenant', '=', tenant)
}

function live(ctx: Context, tenant: string) {
  return all(ctx, tenant).where('deleted_at', 'is', null)
}

function columnsOf(fields: UserFields) {
  return {
    name: fields.name,
    email: fields.email,
    email_key: fields.email === null ? null : emailKey(fields.email),
    phone_number: fields.phoneNumber,
    recharge_amount: fields.rechargeAmount,
    secondary_recharge_amount: fields.secondaryRechargeAmount,
    recharge_threshold: fields.rechargeThreshold,
  }
}

function userOf(row: Selectable<UserTable>): User {
  return {
    tenant: row.tenant,
    id: row.id,
    parentId: row.parent_id,
    position: row.position,
    name: row.name,
    email: row.email,
    phoneNumber: row.phone_number,
    rechargeAmount: row.recharge_amount,
    secondaryRechargeAmount: row.secondary_recharge_amount,
    rechargeThreshold: row.recharge_threshold,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    deletedAt: row.deleted_at,
  }
}

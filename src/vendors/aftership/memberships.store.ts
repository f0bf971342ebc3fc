import { type Kysely, type SelectQueryBuilder, sql } from 'kysely'
import type { Context } from '../../platform/context.ts'
import type { Database } from '../../platform/db/database.ts'
import { prepared, preparedChange } from '../../platform/db/prepared.ts'
import * as blocks from './membership-blocks.store.ts'
import type { Role } from './roles.store.ts'

export type MembershipStatus = 'pending' | 'active'

interface MembershipTable {
  organization_id: string
  id: string
  /** Place in the organization's list; grows, never reused. */
  position: number
  account_id: string
  role_code: string
  status: MembershipStatus
  created_at: string
  updated_at: string
  deleted_at: string | null
}

declare module '../../platform/db/database.ts' {
  interface Database {
    aftership_memberships: MembershipTable
  }
}

/** A membership with what is shown beside it. */
export interface Membership {
  id: string
  organizationId: string
  position: number
  accountId: string
  email: string
  roleCode: string
  roleName: string
  status: MembershipStatus
  createdAt: string
  updatedAt: string
  deletedAt: string | null
}

/** What the wire shows of one in a list. */
export type ListedMembership = Pick<
  Membership,
  'id' | 'organizationId' | 'accountId' | 'email' | 'roleCode' | 'roleName'
>

const findPrepared = prepared<{ organizationId: string; id: string }, Membership>((db, value) =>
  withNames(db, live(db, value('organizationId')).where('id', '=', value('id'))),
)

export async function find(ctx: Context, organizationId: string, id: string): Promise<Membership | undefined> {
  const [membership] = await findPrepared(ctx, { organizationId, id })
  return membership
}

/** Also a deleted one. */
export function findAny(ctx: Context, organizationId: string, id: string): Promise<Membership | undefined> {
  return withNames(ctx.db, all(ctx.db, organizationId).where('id', '=', id)).executeTakeFirst()
}

const ofAccount = prepared<{ organizationId: string; accountId: string }, Membership>((db, value) =>
  withNames(db, live(db, value('organizationId')).where('account_id', '=', value('accountId'))),
)

export async function findByAccount(
  ctx: Context,
  organizationId: string,
  accountId: string,
): Promise<Membership | undefined> {
  const [membership] = await ofAccount(ctx, { organizationId, accountId })
  return membership
}

const listed = prepared<{ organizationId: string; start: number; skip: number; limit: number }, ListedMembership>(
  (db, value) =>
    db
      .selectFrom('aftership_memberships as m')
      .innerJoin('aftership_accounts as a', 'a.id', 'm.account_id')
      .innerJoin('aftership_roles as r', join =>
        join.onRef('r.organization_id', '=', 'm.organization_id').onRef('r.code', '=', 'm.role_code'),
      )
      .select([
        'm.id as id',
        'm.organization_id as organizationId',
        'm.account_id as accountId',
        'a.email as email',
        'm.role_code as roleCode',
        'r.name as roleName',
      ])
      .where('m.organization_id', '=', value('organizationId'))
      .where('m.deleted_at', 'is', null)
      // What is skipped is walked in the index alone, and never joined.
      .where('m.position', '>=', () =>
        live(db, value('organizationId'))
          .select('position')
          .where('position', '>=', value('start'))
          .orderBy('position')
          .limit(1)
          .offset(value('skip')),
      )
      .orderBy('m.position')
      .limit(value('limit')),
)

/** Rows `offset` to `offset + limit` of the live memberships in creation order, and how many there are in all. */
export async function listFrom(
  ctx: Context,
  organizationId: string,
  offset: number,
  limit: number,
): Promise<{ memberships: ListedMembership[]; total: number }> {
  const place = await blocks.placeOf(ctx, organizationId, offset)
  const [total, memberships] = await Promise.all([
    blocks.count(ctx, organizationId),
    place ? listed(ctx, { organizationId, ...place, limit }) : [],
  ])
  return { memberships, total }
}

/** Up to `limit` memberships after a position, deleted ones (kept for their retention time) included when asked for. */
export function listAfter(
  ctx: Context,
  organizationId: string,
  filter: { after: number; status?: MembershipStatus | undefined; deleted: boolean },
  limit: number,
): Promise<Membership[]> {
  let page = all(ctx.db, organizationId)
    .where('position', '>', filter.after)
    .where('deleted_at', filter.deleted ? 'is not' : 'is', null)
  // A literal, so that the index of the pending ones is used: there are few.
  if (filter.status !== undefined) page = page.where('status', '=', sql.lit(filter.status))
  return withNames(ctx.db, page.orderBy('position').limit(limit)).orderBy('m.position').execute()
}

/** The organizations in which an account is an active owner or admin. */
export function listAdministered(
  ctx: Context,
  accountId: string,
  limit: number,
): Promise<{ id: string; name: string }[]> {
  return ctx.db
    .selectFrom('aftership_memberships as m')
    .innerJoin('aftership_organizations as o', 'o.id', 'm.organization_id')
    .select(['o.id', 'o.name'])
    .where('m.account_id', '=', accountId)
    .where('m.role_code', 'in', ['owner', 'admin'])
    .where('m.status', '=', 'active')
    .where('m.deleted_at', 'is', null)
    .orderBy('o.name')
    .limit(limit)
    .execute()
}

export async function existsWithRole(ctx: Context, organizationId: string, roleCode: string): Promise<boolean> {
  const row = await live(ctx.db, organizationId)
    .where('role_code', '=', roleCode)
    .select('id')
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

export async function replaceRoleOfDeleted(
  tx: Context,
  organizationId: string,
  from: string,
  to: string,
): Promise<void> {
  await tx.db
    .updateTable('aftership_memberships')
    .set({ role_code: to })
    .where('organization_id', '=', organizationId)
    .where('role_code', '=', from)
    .where('deleted_at', 'is not', null)
    .execute()
}

type NewMembership = Omit<Membership, 'email' | 'roleName' | 'deletedAt'>

const insertLive = preparedChange<{ [Field in keyof NewMembership]: NewMembership[Field] }, never>((db, value) =>
  db.insertInto('aftership_memberships').values({
    organization_id: value('organizationId'),
    id: value('id'),
    position: value('position'),
    account_id: value('accountId'),
    role_code: value('roleCode'),
    status: value('status'),
    created_at: value('createdAt'),
    updated_at: value('updatedAt'),
    deleted_at: null,
  }),
)

export async function insert(tx: Context, membership: Membership): Promise<void> {
  await insertLive(tx, { ...membership })
  await blocks.add(tx, membership, 1)
}

export async function setRole(tx: Context, membership: Membership, role: Role, updatedAt: string): Promise<void> {
  await tx.db
    .updateTable('aftership_memberships')
    .set({ role_code: role.code, updated_at: updatedAt })
    .where('organization_id', '=', membership.organizationId)
    .where('id', '=', membership.id)
    .execute()
}

export async function activate(tx: Context, membership: Membership, updatedAt: string): Promise<void> {
  await tx.db
    .updateTable('aftership_memberships')
    .set({ status: 'active', updated_at: updatedAt })
    .where('organization_id', '=', membership.organizationId)
    .where('id', '=', membership.id)
    .execute()
}

/** Marks a live membership deleted at `deletedAt`, or, with null, a deleted one live again. */
export async function setDeleted(tx: Context, membership: Membership, deletedAt: string | null): Promise<void> {
  await tx.db
    .updateTable('aftership_memberships')
    .set({ deleted_at: deletedAt })
    .where('organization_id', '=', membership.organizationId)
    .where('id', '=', membership.id)
    .execute()
  await blocks.add(tx, membership, deletedAt === null ? 1 : -1)
}

/** Memberships deleted before `time`, over all organizations. */
export function listDeletedBefore(
  ctx: Context,
  time: string,
  limit: number,
): Promise<{ organization_id: string; id: string }[]> {
  return ctx.db
    .selectFrom('aftership_memberships')
    .select(['organization_id', 'id'])
    .where('deleted_at', 'is not', null)
    .where('deleted_at', '<', time)
    .limit(limit)
    .execute()
}

/** Forgets a membership that was deleted before `time`. Returns whether there was one: it may have been restored. */
export async function purge(tx: Context, organizationId: string, id: string, time: string): Promise<boolean> {
  const { numDeletedRows } = await tx.db
    .deleteFrom('aftership_memberships')
    .where('organization_id', '=', organizationId)
    .where('id', '=', id)
    .where('deleted_at', '<', time)
    .executeTakeFirst()
  return numDeletedRows > 0n
}

function all(db: Kysely<Database>, organizationId: string) {
  return db.selectFrom('aftership_memberships').where('organization_id', '=', organizationId)
}

function live(db: Kysely<Database>, organizationId: string) {
  return all(db, organizationId).where('deleted_at', 'is', null)
}

/** Joins account and role to an already limited choice of memberships: rows that are skipped are never joined. */
function withNames(db: Kysely<Database>, chosen: SelectQueryBuilder<Database, 'aftership_memberships', object>) {
  return db
    .selectFrom(chosen.selectAll().as('m'))
    .innerJoin('aftership_accounts as a', 'a.id', 'm.account_id')
    .innerJoin('aftership_roles as r', join =>
      join.onRef('r.organization_id', '=', 'm.organization_id').onRef('r.code', '=', 'm.role_code'),
    )
    .select([
      'm.id as id',
      'm.organization_id as organizationId',
      'm.position as position',
      'm.account_id as accountId',
      'a.email as email',
      'm.role_code as roleCode',
      'r.name as roleName',
      'm.status as status',
      'm.created_at as createdAt',
      'm.updated_at as updatedAt',
      'm.deleted_at as deletedAt',
    ])
}

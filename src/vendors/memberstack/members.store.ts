import { type Kysely, type SelectQueryBuilder, sql } from 'kysely'
import type { Context } from '../../platform/context.ts'
import type { Database } from '../../platform/db/database.ts'
import { prepared, type Value, type Values } from '../../platform/db/prepared.ts'
import { emailKey } from '../../platform/email.ts'
import { isStorableText } from '../../platform/web/storable.ts'
import { causesOf, columnsOf, type Member, type MemberRow, membersOf, type PlanRow, rowOf } from './member.ts'
import type { Environment, Realm } from './realm.ts'

/** A stretch of the members in the order of the walk: above `after` upward, or below it downward. */
export interface Stretch {
  order: 'ASC' | 'DESC'
  /** A number, exclusive; undefined for the start. */
  after: number | undefined
}

type Choice = SelectQueryBuilder<Database, 'memberstack_members', object>

type Place = { tenant: string; environment: Environment }
type Page = Place & { after: number; limit: number }

const byId = chosen<Place & { id: string }>((db, value) =>
  live(db, { tenant: value('tenant'), environment: value('environment') }).where('id', '=', value('id')),
)
const byEmail = chosen<Place & { email: string }>((db, value) =>
  live(db, { tenant: value('tenant'), environment: value('environment') }).where('email_key', '=', value('email')),
)
const upward = chosen<Page>((db, value) =>
  live(db, { tenant: value('tenant'), environment: value('environment') })
    .where('number', '>', value('after'))
    .orderBy('number')
    .limit(value('limit')),
)
const downward = chosen<Page>((db, value) =>
  live(db, { tenant: value('tenant'), environment: value('environment') })
    .where('number', '<', value('after'))
    .orderBy('number', 'desc')
    .limit(value('limit')),
)

export async function find(ctx: Context, { tenant, environment }: Realm, id: string): Promise<Member | undefined> {
  return (await byId(ctx, { tenant, environment, id }))[0]
}

/** Compared without case. */
export async function findByEmail(
  ctx: Context,
  { tenant, environment }: Realm,
  email: string,
): Promise<Member | undefined> {
  return (await byEmail(ctx, { tenant, environment, email: emailKey(email) }))[0]
}

/** Up to `limit` members in the order of the walk. */
export async function list(
  ctx: Context,
  { tenant, environment }: Realm,
  { order, after }: Stretch,
  limit: number,
): Promise<Member[]> {
  const page = { tenant, environment, limit }
  if (order === 'ASC') return upward(ctx, { ...page, after: after ?? 0 })
  return downward(ctx, { ...page, after: after ?? Number.MAX_SAFE_INTEGER })
}

/** Also a deleted one. */
export async function findAny(ctx: Context, realm: Realm, id: string): Promise<Member | undefined> {
  return (await membersIn(ctx.db, all(ctx.db, realm).where('id', '=', id)))[0]
}

/** For operators, after a number: the live ones, or the deleted ones that are kept. */
export async function listForOperator(
  ctx: Context,
  realm: Realm,
  { after, deleted }: { after: number; deleted: boolean },
  limit: number,
): Promise<Member[]> {
  const page = all(ctx.db, realm)
    .where('number', '>', after)
    .where('deleted_at', deleted ? 'is not' : 'is', null)
    .orderBy('number')
    .limit(limit)
  return membersIn(ctx.db, page)
}

/** Where the person with this email is or was a member: over all apps and environments, deleted ones included. */
export function listOfPerson(ctx: Context, email: string): Promise<(Realm & { id: string })[]> {
  return places(ctx).where('email_key', '=', emailKey(email)).execute()
}

/** The members that `cause` keeps out, over all apps and environments. */
export async function listSuspendedBy(ctx: Context, cause: string): Promise<(Realm & { id: string })[]> {
  const pattern = `%${cause.replace(/[%_\\]/g, '\\$&')}%`
  const suspended = await places(ctx)
    .select('suspended_by')
    // Said so that SQLite goes through their index.
    .where('suspended_by', '>', '')
    .where(sql<boolean>`suspended_by like ${pattern} escape '\\'`)
    .execute()
  // What has the cause in it may be a longer one.
  return suspended.filter(row => causesOf(row.suspended_by).includes(cause))
}

/** Throws the driver's unique violation when the id or the email is taken. */
export async function insert(tx: Context, realm: Realm, member: Member): Promise<void> {
  await tx.db.insertInto('memberstack_members').values(rowOf(realm, member)).execute()
}

/** Stores what `after` has other than `before`, but `deletedAt`: indexes of what stays are not touched. Throws as `insert`. */
export async function update(tx: Context, realm: Realm, before: Member, after: Member): Promise<void> {
  const was: Record<string, unknown> = columnsOf(before)
  const changed = Object.entries(columnsOf(after)).filter(([name, value]) => value !== was[name])
  if (changed.length > 0) await one(tx, realm, after.id).set(Object.fromEntries(changed)).execute()
}

/** Holds a member's row until the transaction ends, on engines that let others write meanwhile. */
export async function lock(tx: Context, realm: Realm, id: string): Promise<void> {
  // What comes from a path may be any text: what no store keeps is in no row, and not every engine lets it be looked for.
  if (!isStorableText(realm.tenant) || !isStorableText(id)) return
  await one(tx, realm, id)
    .set(eb => ({ updated_at: eb.ref('updated_at') }))
    .execute()
}

/** Marks a member deleted at `deletedAt`, or, with null, live again. Throws as `insert`, of the email. */
export async function setDeleted(tx: Context, realm: Realm, id: string, deletedAt: string | null): Promise<void> {
  await one(tx, realm, id).set({ deleted_at: deletedAt }).execute()
}

/** Members deleted before `time`, over all apps. */
export function listDeletedBefore(ctx: Context, time: string, limit: number): Promise<(Realm & { id: string })[]> {
  return ctx.db
    .selectFrom('memberstack_members')
    .select(['app_id as tenant', 'environment', 'id'])
    .where('deleted_at', 'is not', null)
    .where('deleted_at', '<', time)
    .limit(limit)
    .execute()
}

export async function purge(tx: Context, { tenant, environment }: Realm, id: string): Promise<void> {
  await tx.db
    .deleteFrom('memberstack_members')
    .where('app_id', '=', tenant)
    .where('environment', '=', environment)
    .where('id', '=', id)
    .execute()
}

function places(ctx: Context) {
  return ctx.db
    .selectFrom('memberstack_members')
    .select(['app_id as tenant', 'environment', 'id'])
    .orderBy('app_id')
    .orderBy('environment')
    .orderBy('number')
}

function one(tx: Context, { tenant, environment }: Realm, id: string) {
  return tx.db
    .updateTable('memberstack_members')
    .where('app_id', '=', tenant)
    .where('environment', '=', environment)
    .where('id', '=', id)
}

function all(db: Kysely<Database>, { tenant, environment }: Realm) {
  return db.selectFrom('memberstack_members').where('app_id', '=', tenant).where('environment', '=', environment)
}

function live(db: Kysely<Database>, realm: Realm) {
  return all(db, realm).where('deleted_at', 'is', null)
}

/**
 * A choice of members that is compiled once. Members and their plans are read apart: joined, everything that a member
 * holds, which may be megabytes, would be there once for each of its plans.
 */
function chosen<V extends Values>(choose: (db: Kysely<Database>, value: Value<V>) => Choice) {
  const members = prepared<V, MemberRow>((db, value) => choose(db, value).selectAll())
  const plans = prepared<V, PlanRow>((db, value) => plansIn(db, choose(db, value)))
  return async (ctx: Context, values: V) =>
    membersOf(...(await Promise.all([members(ctx, values), plans(ctx, values)])))
}

/** The same of a choice that is made anew each time. */
async function membersIn(db: Kysely<Database>, choice: Choice): Promise<Member[]> {
  return membersOf(...(await Promise.all([choice.selectAll().execute(), plansIn(db, choice).execute()])))
}

/** The plans of all members of a choice, each member's in the order in which they were added. */
function plansIn(db: Kysely<Database>, choice: Choice) {
  return db
    .selectFrom(choice.select(['app_id', 'environment', 'id']).as('m'))
    .innerJoin('memberstack_connections as c', join =>
      join
        .onRef('c.app_id', '=', 'm.app_id')
        .onRef('c.environment', '=', 'm.environment')
        .onRef('c.member_id', '=', 'm.id')
        .on('c.removed_by', 'is', null),
    )
    .innerJoin('memberstack_plans as p', join =>
      join.onRef('p.app_id', '=', 'c.app_id').onRef('p.id', '=', 'c.plan_id'),
    )
    .select(['c.member_id', 'c.id', 'c.plan_id', 'c.status', 'c.payment', 'p.name', 'p.type', 'p.permissions'])
    .orderBy('c.position')
}

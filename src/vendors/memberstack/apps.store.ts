import type { Selectable } from 'kysely'
import type { Context } from '../../platform/context.ts'
import type { Place } from '../../platform/db/keyset.ts'
import { prepared } from '../../platform/db/prepared.ts'
import type { Environment, Realm } from './realm.ts'
import { type AppSettings, withSettings } from './settings.ts'

interface AppTable {
  id: string
  name: string
  /** JSON: AppSettings. */
  settings: string
  created_at: string
}

interface EnvironmentTable {
  app_id: string
  environment: Environment
  /** The number that the next member gets. */
  next_number: number
  /** How many members there are. */
  members: number
  sealed_stripe_key: string | null
  stripe_api_base: string | null
}

declare module '../../platform/db/database.ts' {
  interface Database {
    memberstack_apps: AppTable
    memberstack_environments: EnvironmentTable
  }
}

export interface App {
  id: string
  name: string
  settings: AppSettings
  createdAt: string
}

/** A Stripe account as it is kept: its key sealed. */
export interface SealedStripe {
  sealedKey: string | null
  apiBase: string | null
}

/** The official package drops a cursor of 0, and 1 means "before the first": numbers start at 2. Contract section 5. */
const FIRST_NUMBER = 2

export async function find(ctx: Context, id: string): Promise<App | undefined> {
  const row = await ctx.db.selectFrom('memberstack_apps').selectAll().where('id', '=', id).executeTakeFirst()
  return row && appOf(row)
}

/** In creation order. */
export async function list(ctx: Context, place: Place, limit: number): Promise<App[]> {
  const rows = await ctx.db
    .selectFrom('memberstack_apps')
    .selectAll()
    .where(eb => eb(eb.refTuple('created_at', 'id'), '>', eb.tuple(place.createdAt, place.id)))
    .orderBy('created_at')
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(appOf)
}

/** The app with its two empty environments. */
export async function insert(tx: Context, app: App): Promise<void> {
  await tx.db
    .insertInto('memberstack_apps')
    .values({ id: app.id, name: app.name, settings: JSON.stringify(app.settings), created_at: app.createdAt })
    .execute()
  const empty = {
    app_id: app.id,
    next_number: FIRST_NUMBER,
    members: 0,
    sealed_stripe_key: null,
    stripe_api_base: null,
  }
  await tx.db
    .insertInto('memberstack_environments')
    .values([
      { ...empty, environment: 'sandbox' },
      { ...empty, environment: 'live' },
    ])
    .execute()
}

export async function update(tx: Context, app: App): Promise<void> {
  await tx.db
    .updateTable('memberstack_apps')
    .set({ name: app.name, settings: JSON.stringify(app.settings) })
    .where('id', '=', app.id)
    .execute()
}

/**
 * Hands out the next member's number and counts the member, and holds the row until the transaction ends: numbers grow
 * in commit order.
 */
export async function takeNumber(tx: Context, realm: Realm): Promise<{ number: number; members: number }> {
  const row = await within(tx, realm)
    .set(eb => ({ next_number: eb('next_number', '+', 1), members: eb('members', '+', 1) }))
    .returning(['next_number', 'members'])
    .executeTakeFirstOrThrow()
  return { number: row.next_number - 1, members: row.members }
}

/** Counts a member that went (-1) or came back (1). Returns how many there are now. */
export async function count(tx: Context, realm: Realm, change: 1 | -1): Promise<number> {
  const row = await within(tx, realm)
    .set(eb => ({ members: eb('members', '+', change) }))
    .returning('members')
    .executeTakeFirstOrThrow()
  return row.members
}

const counted = prepared<{ tenant: string; environment: Environment }, { members: number }>((db, value) =>
  db
    .selectFrom('memberstack_environments')
    .select('members')
    .where('app_id', '=', value('tenant'))
    .where('environment', '=', value('environment')),
)

export async function countOf(ctx: Context, { tenant, environment }: Realm): Promise<number> {
  return (await counted(ctx, { tenant, environment }))[0]?.members ?? 0
}

export async function stripeOf(ctx: Context, { tenant, environment }: Realm): Promise<SealedStripe | undefined> {
  const row = await ctx.db
    .selectFrom('memberstack_environments')
    .select(['sealed_stripe_key', 'stripe_api_base'])
    .where('app_id', '=', tenant)
    .where('environment', '=', environment)
    .executeTakeFirst()
  return row && { sealedKey: row.sealed_stripe_key, apiBase: row.stripe_api_base }
}

export async function setStripe(tx: Context, realm: Realm, { sealedKey, apiBase }: SealedStripe): Promise<void> {
  await within(tx, realm).set({ sealed_stripe_key: sealedKey, stripe_api_base: apiBase }).execute()
}

function within(tx: Context, { tenant, environment }: Realm) {
  return tx.db
    .updateTable('memberstack_environments')
    .where('app_id', '=', tenant)
    .where('environment', '=', environment)
}

function appOf(row: Selectable<AppTable>): App {
  // Written by `insert` and `update` alone; a setting that is newer than the row has its default.
  return { id: row.id, name: row.name, settings: withSettings(JSON.parse(row.settings)), createdAt: row.created_at }
}

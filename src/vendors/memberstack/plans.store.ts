import type { Selectable } from 'kysely'
import type { Context } from '../../platform/context.ts'
import { prepared } from '../../platform/db/prepared.ts'
import type { Environment } from './realm.ts'

export type PlanType = 'FREE' | 'SUBSCRIPTION' | 'ONETIME'
type PlanStatus = 'ACTIVE' | 'INACTIVE'

interface PlanTable {
  app_id: string
  id: string
  /** Place in the app's list; grows. */
  position: number
  name: string
  description: string | null
  priority: number | null
  type: PlanType
  status: PlanStatus
  /** Null: it serves both. */
  environment: Environment | null
  restrict_to_admin: number
  /** JSON array of permissions. */
  permissions: string
  /** JSON array of prices. */
  prices: string
  /** JSON object: where to go afterwards. */
  redirects: string
  created_at: string
}

declare module '../../platform/db/database.ts' {
  interface Database {
    memberstack_plans: PlanTable
  }
}

export interface Price {
  id: string
  amount: number
  name: string
  type: string
  status: string
  currency: string
  interval?: { type: string; count: number }
}

export interface Redirects {
  afterSignup?: string
  afterLogin?: string
  afterLogout?: string
}

/** What an operator sets of a plan. */
export interface PlanFields {
  name: string
  description: string | null
  priority: number | null
  type: PlanType
  status: PlanStatus
  environment: Environment | null
  restrictToAdmin: boolean
  permissions: string[]
  prices: Price[]
  redirects: Redirects
}

export interface Plan extends PlanFields {
  id: string
  position: number
  createdAt: string
}

const byId = prepared<{ appId: string; id: string }, Selectable<PlanTable>>((db, value) =>
  db.selectFrom('memberstack_plans').selectAll().where('app_id', '=', value('appId')).where('id', '=', value('id')),
)

export async function find(ctx: Context, appId: string, id: string): Promise<Plan | undefined> {
  const [row] = await byId(ctx, { appId, id })
  return row && planOf(row)
}

/** All plans of an app, oldest first: at most as many as `plans.ts` lets be made. */
export async function listAll(ctx: Context, appId: string): Promise<Plan[]> {
  return (await of(ctx, appId).orderBy('position').execute()).map(planOf)
}

/** The place that the next plan gets. */
export async function nextPosition(tx: Context, appId: string): Promise<number> {
  const row = await tx.db
    .selectFrom('memberstack_plans')
    .select(eb => eb.fn.max<number | null>('position').as('last'))
    .where('app_id', '=', appId)
    .executeTakeFirst()
  return (row?.last ?? 0) + 1
}

export async function insert(tx: Context, appId: string, plan: Plan): Promise<void> {
  await tx.db
    .insertInto('memberstack_plans')
    .values({
      app_id: appId,
      id: plan.id,
      position: plan.position,
      ...columnsOf(plan),
      created_at: plan.createdAt,
    })
    .execute()
}

export async function update(tx: Context, appId: string, plan: Plan): Promise<void> {
  await tx.db
    .updateTable('memberstack_plans')
    .set(columnsOf(plan))
    .where('app_id', '=', appId)
    .where('id', '=', plan.id)
    .execute()
}

export async function remove(tx: Context, appId: string, id: string): Promise<void> {
  await tx.db.deleteFrom('memberstack_plans').where('app_id', '=', appId).where('id', '=', id).execute()
}

function of(ctx: Context, appId: string) {
  return ctx.db.selectFrom('memberstack_plans').selectAll().where('app_id', '=', appId)
}

function columnsOf(plan: PlanFields) {
  return {
    name: plan.name,
    description: plan.description,
    priority: plan.priority,
    type: plan.type,
    status: plan.status,
    environment: plan.environment,
    restrict_to_admin: plan.restrictToAdmin ? 1 : 0,
    permissions: JSON.stringify(plan.permissions),
    prices: JSON.stringify(plan.prices),
    redirects: JSON.stringify(plan.redirects),
  }
}

function planOf(row: Selectable<PlanTable>): Plan {
  return {
    id: row.id,
    position: row.position,
    name: row.name,
    description: row.description,
    priority: row.priority,
    type: row.type,
    status: row.status,
    environment: row.environment,
    restrictToAdmin: row.restrict_to_admin === 1,
    permissions: JSON.parse(row.permissions) as string[],
    prices: JSON.parse(row.prices) as Price[],
    redirects: JSON.parse(row.redirects) as Redirects,
    createdAt: row.created_at,
  }
}

// Plans: made and set by the control API and the seed only. Contract section 7. A plan belongs to its app and serves
// both environments unless it names one.

import { timestamp } from '../../platform/clock.ts'
import { type Context, type Principal, withTransaction } from '../../platform/context.ts'
import { isUniqueViolation } from '../../platform/db/engine.ts'
import { DomainError } from '../../platform/errors.ts'
import * as events from '../../platform/events/events.ts'
import * as apps from './apps.ts'
import * as connections from './connections.store.ts'
import { refusal } from './errors.ts'
import { newPlanId, newPriceId } from './ids.ts'
import * as store from './plans.store.ts'
import type { Environment } from './realm.ts'

type NewPrice = Omit<store.Price, 'id' | 'status' | 'type' | 'interval'> & {
  [Field in 'id' | 'status' | 'type']?: string | undefined
} & { interval?: store.Price['interval'] | undefined }

export type PlanChanges = {
  [Field in Exclude<keyof store.PlanFields, 'prices' | 'redirects'>]?: store.PlanFields[Field] | undefined
} & {
  prices?: NewPrice[] | undefined
  redirects?: { [Field in keyof store.Redirects]?: string | undefined } | undefined
}
export type NewPlan = PlanChanges & { id?: string | undefined; name: string; type: store.PlanType }

/** How many plans an app may have: the client API shows them all at once. */
const PLANS_MAX = 200

const DEFAULTS: Omit<store.PlanFields, 'name' | 'type'> = {
  description: null,
  priority: null,
  status: 'ACTIVE',
  environment: null,
  restrictToAdmin: false,
  permissions: [],
  prices: [],
  redirects: {},
}

/** Makes a plan of the principal's app. Throws `notFound` (app), `invalid` (`prices`) and `conflict` (id taken, too many). */
export async function create(ctx: Context, principal: Principal, input: NewPlan): Promise<store.Plan> {
  return withTransaction(ctx, principal, async tx => {
    await apps.get(tx, principal.tenant)
    const position = await store.nextPosition(tx, principal.tenant)
    if ((await store.listAll(tx, principal.tenant)).length >= PLANS_MAX) {
      throw new DomainError('conflict', `an app has at most ${PLANS_MAX} plans`)
    }
    const plan: store.Plan = {
      ...changed(tx, { ...DEFAULTS, name: input.name, type: input.type }, input),
      id: input.id ?? newPlanId(tx),
      position,
      createdAt: timestamp(tx.clock.now()),
    }
    try {
      await store.insert(tx, principal.tenant, plan)
    } catch (error) {
      if (isUniqueViolation(error)) throw new DomainError('conflict', 'a plan with this id exists already')
      throw error
    }
    await events.record(tx, principal, 'plan.created', plan.id, { plan: shown(plan) })
    return plan
  })
}

/** Throws `notFound`. */
export async function get(ctx: Context, appId: string, id: string): Promise<store.Plan> {
  const plan = await store.find(ctx, appId, id)
  if (!plan) throw new DomainError('notFound', 'no such plan')
  return plan
}

/**
 * Changes what is given; members that hold the plan have its new name and permissions at once. The type stays as it was
 * made: what is held depends on it. No change, no event. Throws `notFound` and `invalid` (`prices`).
 */
export async function update(
  ctx: Context,
  principal: Principal,
  id: string,
  changes: Omit<PlanChanges, 'type'>,
): Promise<store.Plan> {
  return withTransaction(ctx, principal, async tx => {
    const plan = await get(tx, principal.tenant, id)
    const updated: store.Plan = { ...plan, ...changed(tx, plan, changes) }
    if (JSON.stringify(updated) === JSON.stringify(plan)) return plan
    await store.update(tx, principal.tenant, updated)
    await events.record(tx, principal, 'plan.updated', id, { plan: shown(updated) })
    return updated
  })
}

/** Gone for good. Throws `notFound`, and `conflict` while a member holds it, a deleted one that can be restored too. */
export async function remove(ctx: Context, principal: Principal, id: string): Promise<void> {
  await withTransaction(ctx, principal, async tx => {
    await get(tx, principal.tenant, id)
    if (await connections.existsForPlan(tx, principal.tenant, id)) {
      throw new DomainError('conflict', 'members hold this plan; set its status to INACTIVE instead')
    }
    await store.remove(tx, principal.tenant, id)
    await events.record(tx, principal, 'plan.deleted', id, { id })
  })
}

/** The plan as an environment sees it. Throws planNotFound, for another environment's plan too. */
export async function visible(
  ctx: Context,
  realm: { tenant: string; environment: Environment },
  id: string,
): Promise<store.Plan> {
  const plan = await store.find(ctx, realm.tenant, id)
  if (!plan || !serves(plan, realm.environment)) throw refusal('planNotFound', 'notFound', 'no such plan')
  return plan
}

export function serves(plan: store.Plan, environment: Environment): boolean {
  return plan.environment === null || plan.environment === environment
}

function changed(ctx: Context, fields: store.PlanFields, changes: PlanChanges): store.PlanFields {
  const { prices, redirects, ...rest } = changes
  const given = Object.fromEntries(Object.entries(rest).filter(([key, value]) => key in fields && value !== undefined))
  const updated: store.PlanFields = { ...fields, ...given }
  if (prices) updated.prices = prices.map(price => pricedOf(ctx, price))
  // Contract section 7: `prices` is [] for a free plan.
  if (updated.type === 'FREE' && updated.prices.length > 0) {
    throw new DomainError('invalid', 'a free plan has no prices', { issues: [{ path: 'prices', problem: 'invalid' }] })
  }
  if (redirects) {
    updated.redirects = Object.fromEntries(Object.entries(redirects).filter(([, url]) => url !== undefined))
  }
  return updated
}

function pricedOf(ctx: Context, { interval, ...price }: NewPrice): store.Price {
  return {
    id: price.id ?? newPriceId(ctx),
    amount: price.amount,
    name: price.name,
    type: price.type ?? (interval ? 'SUBSCRIPTION' : 'ONETIME'),
    status: price.status ?? 'ACTIVE',
    currency: price.currency,
    ...(interval ? { interval } : {}),
  }
}

function shown({ position: _position, ...plan }: store.Plan) {
  return plan
}

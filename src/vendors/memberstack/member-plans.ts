// The plans of a member: contract section 7. Free ones come and go at once; paid ones are the operator's alone, as there
// is no billing here.

import { timestamp } from '../../platform/clock.ts'
import { type Context, withTransaction } from '../../platform/context.ts'
import { recordPlan } from './changes.ts'
import * as connections from './connections.store.ts'
import { refusal } from './errors.ts'
import { hold } from './held-member.ts'
import { newConnectionId } from './ids.ts'
import type { Connection, Member } from './member.ts'
import { requireKeepable } from './member-input.ts'
import * as members from './members.store.ts'
import type { Plan } from './plans.store.ts'
import * as plans from './plans.ts'
import type { AppPrincipal } from './realm.ts'

/** How an operator sets a connection: as a payment provider would. */
export interface ConnectionChange {
  status?: connections.ConnectionStatus | undefined
  payment?: Record<string, unknown> | null | undefined
}

/**
 * The plans with these ids that a new member can start with. `bySelf`: asked for by the member, whose paid plans are
 * skipped, since they come by payment. Throws planNotFound, planNotFree and planRestricted.
 */
export async function choose(
  ctx: Context,
  principal: AppPrincipal,
  planIds: readonly string[],
  bySelf: boolean,
): Promise<Plan[]> {
  const chosen: Plan[] = []
  for (const id of new Set(planIds)) {
    const plan = await plans.visible(ctx, principal, id)
    if (bySelf && plan.type !== 'FREE') continue
    requireAddable(principal, plan, bySelf)
    chosen.push(plan)
  }
  return chosen
}

/** Adds a free plan. Held already: no change, no event. Throws memberUnknown, planNotFound, planNotFree and planRestricted. */
export async function add(
  ctx: Context,
  principal: AppPrincipal,
  memberId: string,
  planId: string,
  bySelf = false,
): Promise<Member> {
  return withTransaction(ctx, principal, async tx => {
    const member = await hold(tx, principal, memberId)
    const held = member.connections.find(connection => connection.planId === planId)
    if (held?.type === 'FREE') return member
    const plan = await plans.visible(tx, principal, planId)
    requireAddable(principal, plan, bySelf)
    const connection = await connect(tx, principal, member, plan)
    await recordAdded(tx, principal, member, connection)
    return { ...member, connections: [...member.connections, connection] }
  })
}

/** Takes a free plan away. Throws memberUnknown, planNotFound, planNotFree and planNotHeld. */
export async function remove(ctx: Context, principal: AppPrincipal, memberId: string, planId: string): Promise<Member> {
  return withTransaction(ctx, principal, async tx => {
    const member = await hold(tx, principal, memberId)
    const held = member.connections.find(connection => connection.planId === planId)
    const { type } = held ?? (await plans.visible(tx, principal, planId))
    if (type !== 'FREE' && !principal.operator) throw refusal('planNotFree', 'conflict', 'this plan is not free')
    if (!held) throw refusal('planNotHeld', 'notFound', 'the member does not have this plan')
    await connections.remove(tx, principal, memberId, planId)
    await recordPlan(tx, principal, 'member.plan.canceled', member, held)
    return { ...member, connections: member.connections.filter(connection => connection !== held) }
  })
}

/**
 * For operators: gives a member any plan, or sets the state of one that it has. Free plans have no payment. No change, no
 * event. Throws memberUnknown, planNotFound and `invalid` (`payment`).
 */
export async function set(
  ctx: Context,
  principal: AppPrincipal,
  memberId: string,
  planId: string,
  change: ConnectionChange,
): Promise<Member> {
  requireKeepable('payment', change.payment)
  return withTransaction(ctx, principal, async tx => {
    const member = await hold(tx, principal, memberId)
    const held = member.connections.find(connection => connection.planId === planId)
    if (!held) {
      const plan = await plans.visible(tx, principal, planId)
      const connection = await connect(tx, principal, member, plan, change)
      await recordAdded(tx, principal, member, connection)
      return { ...member, connections: [...member.connections, connection] }
    }
    const payment = held.type === 'FREE' ? null : change.payment === undefined ? held.payment : change.payment
    const updated = { ...held, status: change.status ?? held.status, payment }
    if (JSON.stringify(updated) === JSON.stringify(held)) return member
    await connections.update(tx, principal, memberId, planId, updated)
    await recordPlan(tx, principal, 'member.plan.updated', member, updated, held)
    return { ...member, connections: member.connections.map(other => (other === held ? updated : other)) }
  })
}

/** Takes every plan away because of `cause`, so that `giveBack` can return them; an event each. */
export async function takeAway(tx: Context, principal: AppPrincipal, member: Member, cause: string): Promise<void> {
  await connections.takeAway(tx, principal, member.id, cause)
  for (const connection of member.connections) {
    await recordPlan(tx, principal, 'member.plan.canceled', member, connection)
  }
}

/** Returns the plans that `takeAway` took, for whatever cause; an event each. `member` is as it was without them. */
export async function giveBack(tx: Context, principal: AppPrincipal, member: Member): Promise<void> {
  await connections.giveBack(tx, principal, member.id)
  const now = await members.find(tx, principal, member.id)
  const had = new Set(member.connections.map(({ id }) => id))
  for (const connection of now?.connections ?? []) {
    if (!had.has(connection.id)) await recordAdded(tx, principal, member, connection)
  }
}

/** Stores a connection; its event is the caller's. */
export async function connect(
  tx: Context,
  principal: AppPrincipal,
  member: Member,
  plan: Plan,
  { status = 'ACTIVE', payment = null }: ConnectionChange = {},
): Promise<Connection> {
  const id = newConnectionId(tx)
  const kept = plan.type === 'FREE' ? null : payment
  const createdAt = timestamp(tx.clock.now())
  await connections.insert(tx, principal, {
    memberId: member.id,
    planId: plan.id,
    id,
    status,
    payment: kept,
    createdAt,
  })
  const { id: planId, name: planName, type, permissions } = plan
  return { id, planId, planName, type, status, payment: kept, permissions }
}

export function recordAdded(
  tx: Context,
  principal: AppPrincipal,
  member: Member,
  connection: Connection,
): Promise<void> {
  return recordPlan(tx, principal, 'member.plan.added', member, connection)
}

/** Operators add what they want: the seed starts members with paid plans, and with restricted ones. */
function requireAddable(principal: AppPrincipal, plan: Plan, bySelf: boolean): void {
  if (principal.operator) return
  if (plan.type !== 'FREE') throw refusal('planNotFree', 'conflict', 'this plan is not free')
  if (plan.status !== 'ACTIVE') throw refusal('planNotFound', 'notFound', 'this plan is inactive')
  if (bySelf && plan.restrictToAdmin) throw refusal('planRestricted', 'forbidden', 'this plan is for Admin to add')
}

import type { Context } from '../../platform/context.ts'
import type { Realm } from './realm.ts'

export type ConnectionStatus = 'ACTIVE' | 'TRIALING' | 'REQUIRES_PAYMENT' | 'REQUIRES_AUTHENTICATION' | 'CANCELED'

interface ConnectionTable {
  app_id: string
  environment: string
  member_id: string
  plan_id: string
  id: string
  /** Place among the member's plans; grows. */
  position: number
  status: ConnectionStatus
  /** JSON, as seeded; null for a free plan. */
  payment: string | null
  /** What took it away so that it can come back; not on the wire meanwhile. */
  removed_by: string | null
  created_at: string
}

declare module '../../platform/db/database.ts' {
  interface Database {
    memberstack_connections: ConnectionTable
  }
}

export interface NewConnection {
  memberId: string
  planId: string
  id: string
  status: ConnectionStatus
  payment: Record<string, unknown> | null
  createdAt: string
}

/** Adds a connection after the member's others. One to the same plan that had been taken away is forgotten. */
export async function insert(tx: Context, realm: Realm, connection: NewConnection): Promise<void> {
  const { memberId, planId } = connection
  await one(tx, realm, memberId, planId).where('removed_by', 'is not', null).execute()
  const last = await tx.db
    .selectFrom('memberstack_connections')
    .select(eb => eb.fn.max<number | null>('position').as('position'))
    .where('app_id', '=', realm.tenant)
    .where('environment', '=', realm.environment)
    .where('member_id', '=', memberId)
    .executeTakeFirst()
  await tx.db
    .insertInto('memberstack_connections')
    .values({
      app_id: realm.tenant,
      environment: realm.environment,
      member_id: memberId,
      plan_id: planId,
      id: connection.id,
      position: (last?.position ?? 0) + 1,
      status: connection.status,
      payment: connection.payment === null ? null : JSON.stringify(connection.payment),
      removed_by: null,
      created_at: connection.createdAt,
    })
    .execute()
}

export async function update(
  tx: Context,
  realm: Realm,
  memberId: string,
  planId: string,
  { status, payment }: { status: ConnectionStatus; payment: Record<string, unknown> | null },
): Promise<void> {
  await changed(tx, realm, memberId)
    .set({ status, payment: payment === null ? null : JSON.stringify(payment) })
    .where('plan_id', '=', planId)
    .execute()
}

export async function remove(tx: Context, realm: Realm, memberId: string, planId: string): Promise<void> {
  await one(tx, realm, memberId, planId).execute()
}

/** Takes a member's connections away, all that are there, so that `giveBack` can return them. */
export async function takeAway(tx: Context, realm: Realm, memberId: string, cause: string): Promise<void> {
  await changed(tx, realm, memberId).set({ removed_by: cause }).where('removed_by', 'is', null).execute()
}

export async function giveBack(tx: Context, realm: Realm, memberId: string): Promise<void> {
  await changed(tx, realm, memberId).set({ removed_by: null }).where('removed_by', 'is not', null).execute()
}

/** All of a member's, when it is forgotten. */
export async function removeAll(tx: Context, realm: Realm, memberId: string): Promise<void> {
  await tx.db
    .deleteFrom('memberstack_connections')
    .where('app_id', '=', realm.tenant)
    .where('environment', '=', realm.environment)
    .where('member_id', '=', memberId)
    .execute()
}

/** Whether any member, of either environment, is connected to a plan, or could be again. */
export async function existsForPlan(ctx: Context, appId: string, planId: string): Promise<boolean> {
  const row = await ctx.db
    .selectFrom('memberstack_connections')
    .select('id')
    .where('app_id', '=', appId)
    .where('plan_id', '=', planId)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

function one(tx: Context, realm: Realm, memberId: string, planId: string) {
  return tx.db
    .deleteFrom('memberstack_connections')
    .where('app_id', '=', realm.tenant)
    .where('environment', '=', realm.environment)
    .where('member_id', '=', memberId)
    .where('plan_id', '=', planId)
}

function changed(tx: Context, realm: Realm, memberId: string) {
  return tx.db
    .updateTable('memberstack_connections')
    .where('app_id', '=', realm.tenant)
    .where('environment', '=', realm.environment)
    .where('member_id', '=', memberId)
}

// Every change of a member ends in one of these: its event, in the words in which webhooks tell it. Contract section 12.

import type { Context } from '../../platform/context.ts'
import * as events from '../../platform/events/events.ts'
import type { Connection, Member } from './member.ts'
import type { AppPrincipal } from './realm.ts'
import { connectionOf, memberOf } from './wire.ts'

type MemberEvent = 'member.created' | 'member.updated' | 'member.restored'
type PlanEvent = 'member.plan.added' | 'member.plan.updated' | 'member.plan.canceled'
/** What no webhook tells. */
type QuietEvent =
  | 'member.signed_in'
  | 'member.logged_out'
  | 'member.password_changed'
  | 'member.suspended'
  | 'member.resumed'
  | 'member.cause_added'
  | 'member.cause_removed'
  | 'member.purged'

/** The member as it is now, whole. */
export function recordMember(tx: Context, principal: AppPrincipal, type: MemberEvent, member: Member): Promise<void> {
  const { environment } = principal
  return events.record(tx, principal, type, member.id, { environment, member: memberOf(member) })
}

/** A plan of a member; `previous` is the connection as it was before an update. */
export function recordPlan(
  tx: Context,
  principal: AppPrincipal,
  type: PlanEvent,
  { id, email }: Member,
  connection: Connection,
  previous?: Connection,
): Promise<void> {
  const { environment } = principal
  const told = type === 'member.plan.canceled' ? { ...connection, status: 'CANCELED' as const } : connection
  return events.record(tx, principal, type, id, {
    environment,
    id,
    member: { id, email },
    planConnection: connectionOf(told),
    ...(previous ? { prevPlanConnection: connectionOf(previous) } : {}),
  })
}

/** What concerns a member's access alone. */
export function recordQuietly(
  tx: Context,
  principal: AppPrincipal,
  type: QuietEvent,
  id: string,
  extra: object = {},
): Promise<void> {
  return events.record(tx, principal, type, id, { environment: principal.environment, id, ...extra })
}

// Where a page should go after a step: contract section 10. A text always, empty for nowhere.

import type { Context } from '../../platform/context.ts'
import type { Member } from './member.ts'
import * as plans from './plans.store.ts'
import type { Realm } from './realm.ts'
import { isActive } from './wire.ts'

type Moment = keyof plans.Redirects

/**
 * At login the member's own `loginRedirect`; else that of the first of its active plans which has one, or of `planId`
 * alone where a plan was just added.
 */
export async function redirectAfter(
  ctx: Context,
  { tenant }: Realm,
  member: Member,
  moment: Moment,
  planId?: string,
): Promise<string> {
  if (moment === 'afterLogin' && member.loginRedirect) return member.loginRedirect
  const active = member.connections.filter(isActive)
  const asked = planId === undefined ? active : active.filter(connection => connection.planId === planId)
  for (const connection of asked) {
    const url = (await plans.find(ctx, tenant, connection.planId))?.redirects[moment]
    if (url) return url
  }
  return ''
}

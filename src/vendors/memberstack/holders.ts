// A person at Memberstack holds keys of apps, and may be a member of some: then their tokens end, and they cannot log in
// until they come back. Their plans go too where the configuration says so.

import { type Context, type Principal, withTransaction } from '../../platform/context.ts'
import { type Holders, keyHolders } from '../../platform/credentials/holders.ts'
import { recordQuietly } from './changes.ts'
import * as codes from './codes.ts'
import { holdAny } from './held-member.ts'
import type { Member } from './member.ts'
import * as memberPlans from './member-plans.ts'
import * as store from './members.store.ts'
import { type AppPrincipal, type Realm, VENDOR } from './realm.ts'
import * as tokens from './tokens.store.ts'

const keys = keyHolders(VENDOR)

export const holders: Holders = {
  offboard: (ctx, principal, email, cause) =>
    withTransaction(ctx, principal, async tx => {
      // Deleted ones too: an operator may restore them.
      await each(tx, principal, await store.listOfPerson(tx, email), (actor, member) =>
        suspend(tx, actor, member, cause),
      )
      return keys.offboard(tx, principal, email, cause)
    }),
  restore: (ctx, principal, email, cause) =>
    withTransaction(ctx, principal, async tx => {
      // By the cause and not the email, which may have changed meanwhile.
      await each(tx, principal, await store.listSuspendedBy(tx, cause), (actor, member) =>
        resume(tx, actor, member, cause),
      )
      return keys.restore(tx, principal, email, cause)
    }),
}

async function each(
  tx: Context,
  principal: Principal,
  places: readonly (Realm & { id: string })[],
  act: (actor: AppPrincipal, member: Member) => Promise<void>,
): Promise<void> {
  for (const { tenant, environment, id } of places) {
    const actor: AppPrincipal = { ...principal, vendor: VENDOR, tenant, environment }
    await withTransaction(tx, actor, async () => {
      const member = await holdAny(tx, actor, id)
      if (member) await act(actor, member)
    })
  }
}

async function suspend(tx: Context, principal: AppPrincipal, member: Member, cause: string): Promise<void> {
  const { id, email, suspendedBy, deletedAt } = member
  // Tokens first and in any case: one may have been issued by a login that was under way.
  await tokens.endAll(tx, principal, id, 'offboarded')
  await codes.voidAll(tx, principal, email)
  if (suspendedBy.includes(cause)) return
  await store.update(tx, principal, member, { ...member, suspendedBy: [...suspendedBy, cause] })
  const type = suspendedBy.length === 0 ? 'member.suspended' : 'member.cause_added'
  await recordQuietly(tx, principal, type, id, { cause })
  const removesPlans = tx.settings.offboardingRemovesPlans && deletedAt === null
  if (removesPlans) await memberPlans.takeAway(tx, principal, member, cause)
}

async function resume(tx: Context, principal: AppPrincipal, member: Member, cause: string): Promise<void> {
  if (!member.suspendedBy.includes(cause)) return
  const suspendedBy = member.suspendedBy.filter(other => other !== cause)
  const isBack = suspendedBy.length === 0
  await store.update(tx, principal, member, { ...member, suspendedBy })
  await recordQuietly(tx, principal, isBack ? 'member.resumed' : 'member.cause_removed', member.id, { cause })
  if (isBack) await memberPlans.giveBack(tx, principal, member)
}

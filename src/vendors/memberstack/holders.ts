// A person at Memberstack holds keys of apps, and may be a member of some: then their tokens end, and they cannot log in
// until they come back. Their plans go too where the configuration says so.

import { type Context, type Principal, withTransaction } from '../../platform/context.ts'
import { type Holders, keyHolders } from '../../platform/credentials/holders.ts'
import { recordQuietly } from './changes.ts'
import * as codes from './codes.ts'
import { hold } from './held-member.ts'
import * as memberPlans from './member-plans.ts'
import * as store from './members.store.ts'
import { type AppPrincipal, VENDOR } from './realm.ts'
import * as tokens from './tokens.store.ts'

const keys = keyHolders(VENDOR)

export const holders: Holders = {
  offboard: (ctx, principal, email, cause) =>
    withTransaction(ctx, async tx => {
      await eachMembership(tx, principal, email, (actor, id) => suspend(tx, actor, id, cause))
      return keys.offboard(tx, principal, email, cause)
    }),
  restore: (ctx, principal, email, cause) =>
    withTransaction(ctx, async tx => {
      await eachMembership(tx, principal, email, (actor, id) => resume(tx, actor, id, cause))
      return keys.restore(tx, principal, email, cause)
    }),
}

async function eachMembership(
  tx: Context,
  principal: Principal,
  email: string,
  act: (actor: AppPrincipal, id: string) => Promise<void>,
): Promise<void> {
  for (const { tenant, environment, id } of await store.listOfPerson(tx, email)) {
    await act({ ...principal, vendor: VENDOR, tenant, environment }, id)
  }
}

async function suspend(tx: Context, principal: AppPrincipal, id: string, cause: string): Promise<void> {
  const member = await hold(tx, principal, id)
  // Tokens first and in any case: one may have been issued by a login that was under way.
  await tokens.endAll(tx, principal, id, 'offboarded')
  await codes.voidAll(tx, principal, member.email)
  if (member.suspendedBy !== null) return
  await store.update(tx, principal, { ...member, suspendedBy: cause })
  await recordQuietly(tx, principal, 'member.suspended', id, { cause })
  if (tx.settings.offboardingRemovesPlans) await memberPlans.takeAway(tx, principal, member, cause)
}

async function resume(tx: Context, principal: AppPrincipal, id: string, cause: string): Promise<void> {
  const member = await hold(tx, principal, id)
  if (member.suspendedBy !== cause) return
  await store.update(tx, principal, { ...member, suspendedBy: null })
  await recordQuietly(tx, principal, 'member.resumed', id, { cause })
  await memberPlans.giveBack(tx, principal, member, cause)
}

// The end of a member: contract section 8. On the wire for good; here the row is kept for its retention time, so that an
// operator can take it back.

import { timestamp } from '../../platform/clock.ts'
import { type Context, withTransaction } from '../../platform/context.ts'
import { isUniqueViolation } from '../../platform/db/engine.ts'
import { DomainError } from '../../platform/errors.ts'
import * as events from '../../platform/events/events.ts'
import * as appStore from './apps.store.ts'
import * as apps from './apps.ts'
import { recordMember, recordQuietly } from './changes.ts'
import * as codes from './codes.ts'
import * as connections from './connections.store.ts'
import { refusal } from './errors.ts'
import { hold, holdAny } from './held-member.ts'
import type { Member } from './member.ts'
import * as store from './members.store.ts'
import * as members from './members.ts'
import { type AppPrincipal, VENDOR } from './realm.ts'
import { type BillingFlags, StripeFailedError, settleBilling } from './stripe.ts'
import * as tokens from './tokens.store.ts'

const NO_FLAGS: BillingFlags = { deleteStripeCustomer: false, cancelStripeSubscriptions: false }

/** What became of the billing flags; stands in the event. */
type BillingOutcome = 'done' | 'not connected' | 'no customer'

/**
 * Deletes a member: its email is free again, its tokens and codes end. With flags, Stripe is asked first, outside the
 * transaction; when it fails the member stays. Throws memberUnknown and stripeFailed.
 */
export async function remove(
  ctx: Context,
  principal: AppPrincipal,
  id: string,
  flags: BillingFlags = NO_FLAGS,
): Promise<void> {
  const { stripeCustomerId } = await members.get(ctx, principal, id)
  const asked = flags.deleteStripeCustomer || flags.cancelStripeSubscriptions
  const outcome = asked ? await settle(ctx, principal, stripeCustomerId, flags) : undefined
  await withTransaction(ctx, principal, async tx => {
    const member = await hold(tx, principal, id)
    await store.setDeleted(tx, principal, id, timestamp(tx.clock.now()))
    await appStore.count(tx, principal, -1)
    await tokens.endAll(tx, principal, id, 'deleted')
    await codes.voidAll(tx, principal, member.email)
    const { environment } = principal
    const stripe = outcome === undefined ? undefined : { ...flags, outcome }
    await events.record(tx, principal, 'member.deleted', id, { environment, id, ...(stripe ? { stripe } : {}) })
  })
}

/**
 * Takes a deletion back: the member as it was, at its old place; its tokens stay ended. Throws `notFound` (never was, or
 * purged) and `conflict` (not deleted, or its email is taken meanwhile).
 */
export async function restore(ctx: Context, principal: AppPrincipal, id: string): Promise<Member> {
  return withTransaction(ctx, principal, async tx => {
    const member = await holdAny(tx, principal, id)
    if (!member) throw new DomainError('notFound', 'no such member, or its retention time is over')
    if (member.deletedAt === null) throw new DomainError('conflict', 'this member is not deleted')
    // Before the email is taken, as a create does: two that want one email wait here, and not for each other.
    await appStore.count(tx, principal, 1)
    try {
      await store.setDeleted(tx, principal, id, null)
    } catch (error) {
      if (isUniqueViolation(error)) throw new DomainError('conflict', 'another member has taken the email meanwhile')
      throw error
    }
    const restored = { ...member, deletedAt: null }
    await recordMember(tx, principal, 'member.restored', restored)
    return restored
  })
}

/** Forgets members whose retention time is over, with their plans. Returns how many of at most `limit`. */
export async function purge(ctx: Context, limit: number): Promise<number> {
  const before = timestamp(ctx.clock.now() - ctx.settings.retentionMs)
  const deleted = await store.listDeletedBefore(ctx, before, limit)
  for (const { tenant, environment, id } of deleted) {
    const principal: AppPrincipal = { vendor: VENDOR, tenant, environment, actor: 'system:retention', operator: true }
    await withTransaction(ctx, principal, async tx => {
      const member = await holdAny(tx, principal, id)
      // Restored since it was listed.
      if (!member?.deletedAt || member.deletedAt >= before) return
      await connections.removeAll(tx, principal, id)
      await store.purge(tx, principal, id)
      await recordQuietly(tx, principal, 'member.purged', id)
    })
  }
  return deleted.length
}

async function settle(
  ctx: Context,
  principal: AppPrincipal,
  customerId: string | null,
  flags: BillingFlags,
): Promise<BillingOutcome> {
  const connection = await apps.stripeConnection(ctx, principal)
  if (!connection) return 'not connected'
  if (customerId === null) return 'no customer'
  try {
    await settleBilling(connection, customerId, flags)
  } catch (error) {
    if (error instanceof StripeFailedError) throw refusal('stripeFailed', 'unavailable', error.message)
    throw error
  }
  return 'done'
}

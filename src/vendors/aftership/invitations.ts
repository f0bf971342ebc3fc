// The mailed link that makes a pending membership active: contract section 4.3.

import { timestamp } from '../../platform/clock.ts'
import { type Context, type Principal, withTransaction } from '../../platform/context.ts'
import { DomainError } from '../../platform/errors.ts'
import * as events from '../../platform/events/events.ts'
import * as outbox from '../../platform/mail/outbox.ts'
import * as store from './invitations.store.ts'
import * as memberships from './memberships.store.ts'
import { membershipOf } from './wire.ts'

const LINK_LIFE_MS = 48 * 3600 * 1000
const TOKEN_BYTES = 32

/** Mails a link to a pending membership's account; every older link to it ends. */
export async function send(
  tx: Context,
  principal: Principal,
  membership: memberships.Membership,
  organizationName: string,
): Promise<void> {
  const token = tx.ids.secret(TOKEN_BYTES)
  const now = tx.clock.now()
  await store.endAll(tx, membership.organizationId, membership.id, timestamp(now))
  await store.insert(tx, {
    token_hash: tx.vault.lookupHash(token),
    organization_id: membership.organizationId,
    membership_id: membership.id,
    created_at: timestamp(now),
    expires_at: timestamp(now + LINK_LIFE_MS),
  })
  await outbox.enqueue(tx, principal, {
    to: membership.email,
    subject: `Confirm that you join ${organizationName}`,
    text: [
      `You have been invited to join ${organizationName} as ${membership.roleName}.`,
      '',
      'To accept, open this page and confirm. The link works once, for 48 hours:',
      `${tx.settings.publicUrl}/invitations/aftership/${token}`,
      '',
      'If you do not expect this, ignore it: nothing happens without your confirmation.',
    ].join('\n'),
  })
}

/**
 * What a link leads to, without using it up. Throws `notFound` (no such link) and `gone` (used, expired, replaced, or
 * its membership is gone).
 */
export async function open(ctx: Context, token: string): Promise<memberships.Membership> {
  const invitation = await store.find(ctx, ctx.vault.lookupHash(token))
  if (!invitation) throw new DomainError('notFound', 'no such invitation')
  const ended = invitation.ended_at !== null || invitation.expires_at <= timestamp(ctx.clock.now())
  const membership = ended
    ? undefined
    : await memberships.find(ctx, invitation.organization_id, invitation.membership_id)
  if (membership?.status !== 'pending') throw new DomainError('gone', 'this invitation is used up or expired')
  return membership
}

/** Uses a link up: the membership becomes active. Throws as `open` does. */
export async function confirm(ctx: Context, token: string, requestId: string): Promise<memberships.Membership> {
  const { organizationId: tenant } = await open(ctx, token)
  return withTransaction(ctx, { vendor: 'aftership', tenant }, async tx => {
    const membership = await open(tx, token)
    const now = timestamp(tx.clock.now())
    const active = { ...membership, status: 'active' as const, updatedAt: now }
    await memberships.activate(tx, membership, now)
    await store.endAll(tx, membership.organizationId, membership.id, now)
    const actor = `account:${membership.accountId}`
    const principal = { vendor: 'aftership', tenant: membership.organizationId, actor, requestId }
    await events.record(tx, principal, 'membership.activated', membership.id, { membership: membershipOf(active) })
    return active
  })
}

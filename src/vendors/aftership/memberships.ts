// The rules for memberships: contract section 4. Called alike by the wire, the control API, the seed and jobs.

import { timestamp } from '../../platform/clock.ts'
import { type Context, type Principal, withTransaction } from '../../platform/context.ts'
import * as credentials from '../../platform/credentials/credentials.ts'
import * as disabling from '../../platform/credentials/disabling.ts'
import { isUniqueViolation } from '../../platform/db/engine.ts'
import { type Page, pageByNumber } from '../../platform/db/keyset.ts'
import { DomainError } from '../../platform/errors.ts'
import * as events from '../../platform/events/events.ts'
import * as accounts from './accounts.store.ts'
import { refusal } from './errors.ts'
import * as grants from './grants.ts'
import * as invitationStore from './invitations.store.ts'
import * as invitations from './invitations.ts'
import * as blocks from './membership-blocks.store.ts'
import * as store from './memberships.store.ts'
import * as organizations from './organizations.store.ts'
import * as roleStore from './roles.store.ts'
import { OWNER } from './roles.ts'
import { membershipOf } from './wire.ts'

export interface NewMembership {
  /** At least one of email and id; both are fine when they name the same account. */
  email?: string | undefined
  accountId?: string | undefined
  roleCode: string
  /** Operators may pin the id and say the status; else the organization's `invitations` decides. */
  id?: string | undefined
  status?: store.MembershipStatus | undefined
}

/**
 * Makes an account a member of the principal's organization; a pending one is mailed a link. Throws, in this order:
 * accountUnknown, accountUnverified, roleUnknown, `invalid` (owner), `conflict` (member already), seatsExhausted.
 */
export async function invite(ctx: Context, principal: Principal, input: NewMembership): Promise<store.Membership> {
  return withTransaction(ctx, principal, async tx => {
    const account = await invitedAccount(tx, principal, input)
    const role = await assignableRole(tx, principal, input.roleCode)
    const position = await organizations.takePosition(tx, principal.tenant)
    const organization = await existingOrganization(tx, principal.tenant)
    if (await store.findByAccount(tx, principal.tenant, account.id)) throw alreadyMember(tx, principal)
    await requireSeat(tx, organization)

    const now = timestamp(tx.clock.now())
    const membership: store.Membership = {
      id: input.id ?? tx.ids.hex32(),
      organizationId: principal.tenant,
      position,
      accountId: account.id,
      email: account.email,
      roleCode: role.code,
      roleName: role.name,
      status: input.status ?? (organization.invitations === 'automatic' ? 'active' : 'pending'),
      createdAt: now,
      updatedAt: now,
      deletedAt: null,
    }
    try {
      await store.insert(tx, membership)
    } catch (error) {
      if (isUniqueViolation(error)) throw new DomainError('conflict', 'a membership with this id exists already')
      throw error
    }
    await events.record(tx, principal, 'membership.created', membership.id, { membership: membershipOf(membership) })
    if (membership.status === 'pending') await invitations.send(tx, principal, membership, organization.name)
    return membership
  })
}

/** Throws `notFound`, of another organization too, so that existence does not leak. */
export async function get(ctx: Context, principal: Principal, id: string): Promise<store.Membership> {
  const membership = await store.find(ctx, principal.tenant, id)
  if (!membership) throw new DomainError('notFound', 'no such membership')
  return membership
}

/** One page by number, for the wire: all memberships in creation order, or the one with `email`. */
export async function listPage(
  ctx: Context,
  principal: Principal,
  query: { page: number; limit: number; email: string | undefined },
): Promise<{ memberships: store.ListedMembership[]; total: number }> {
  const offset = (query.page - 1) * query.limit
  if (query.email === undefined) return store.listFrom(ctx, principal.tenant, offset, query.limit)
  const account = await accounts.findByEmail(ctx, query.email)
  const membership = account && (await store.findByAccount(ctx, principal.tenant, account.id))
  if (!membership) return { memberships: [], total: 0 }
  return { memberships: offset === 0 ? [membership] : [], total: 1 }
}

/** One page by cursor, for operators: with a status, or the deleted ones that can still be restored. */
export async function listAfter(
  ctx: Context,
  principal: Principal,
  filter: { after: number; status?: store.MembershipStatus | undefined; deleted: boolean },
  limit: number,
): Promise<Page<store.Membership>> {
  const rows = await store.listAfter(ctx, principal.tenant, filter, limit + 1)
  return pageByNumber(rows, limit, row => row.position)
}

/** Gives a member another role. The same as now: no event. Throws `notFound`, roleUnknown, `forbidden` (an owner), `invalid` (to owner). */
export async function setRole(
  ctx: Context,
  principal: Principal,
  id: string,
  roleCode: string,
): Promise<store.Membership> {
  return withTransaction(ctx, principal, async tx => {
    const membership = await get(tx, principal, id)
    const role = await existingRole(tx, principal, roleCode)
    if (membership.roleCode === role.code) return membership
    forbidOwner(principal, membership)
    if (role.code === OWNER) requireOperator(principal)
    const now = timestamp(tx.clock.now())
    const updated = { ...membership, roleCode: role.code, roleName: role.name, updatedAt: now }
    await store.setRole(tx, membership, role, now)
    await events.record(tx, principal, 'membership.updated', id, { membership: membershipOf(updated) })
    return updated
  })
}

/** Takes an account out of the organization; its keys and grants there stop at once. Throws `notFound` and `forbidden` (an owner). */
export async function remove(
  ctx: Context,
  principal: Principal,
  id: string,
  reason: 'removed' | 'expired' = 'removed',
): Promise<void> {
  await withTransaction(ctx, principal, async tx => {
    const membership = await get(tx, principal, id)
    forbidOwner(principal, membership)
    const now = timestamp(tx.clock.now())
    await store.setDeleted(tx, membership, now)
    await invitationStore.endAll(tx, principal.tenant, id, now)
    const data = { reason, membership: membershipOf(membership) }
    await events.record(tx, principal, 'membership.deleted', id, data)
    const { vendor, tenant } = principal
    await disabling.disableBecause(tx, principal, { vendor, tenant, holder: membership.email }, causeOf(id))
    await grants.endOfMember(tx, principal, membership.accountId, causeOf(id))
    await reportSurvivingKeys(tx, principal, membership.email)
  })
}

/**
 * Takes a removal back: the membership as it was, and of the person's keys and grants what that removal ended. Throws
 * `notFound` (never was, or purged) and `conflict` (not deleted, or invited again since), seatsExhausted.
 */
export async function restore(ctx: Context, principal: Principal, id: string): Promise<store.Membership> {
  return withTransaction(ctx, principal, async tx => {
    const membership = await store.findAny(tx, principal.tenant, id)
    if (!membership) throw new DomainError('notFound', 'no such membership, or its retention time is over')
    if (membership.deletedAt === null) throw new DomainError('conflict', 'this membership is not deleted')
    const organization = await existingOrganization(tx, principal.tenant)
    if (await store.findByAccount(tx, principal.tenant, membership.accountId)) {
      throw new DomainError('conflict', 'this account has a newer membership here')
    }
    await requireSeat(tx, organization)
    const restored = { ...membership, deletedAt: null }
    await store.setDeleted(tx, membership, null)
    await events.record(tx, principal, 'membership.restored', id, { membership: membershipOf(restored) })
    const { vendor, tenant } = principal
    await disabling.enableBecause(tx, principal, { vendor, tenant, holder: membership.email }, causeOf(id))
    await grants.resumeEndedBy(tx, principal, causeOf(id))
    if (restored.status === 'pending') await invitations.send(tx, principal, restored, organization.name)
    return restored
  })
}

/** Mails a new link to a pending membership; the old one ends. Throws `notFound`, and `conflict` when it is active. */
export async function resendInvitation(ctx: Context, principal: Principal, id: string): Promise<void> {
  await withTransaction(ctx, principal, async tx => {
    const membership = await get(tx, principal, id)
    if (membership.status !== 'pending') throw new DomainError('conflict', 'this membership is active already')
    const organization = await existingOrganization(tx, principal.tenant)
    await invitations.send(tx, principal, membership, organization.name)
    await events.record(tx, principal, 'invitation.resent', id, { membership: membershipOf(membership) })
  })
}

/** Removes pending memberships whose link expired. Returns how many of at most `limit`. */
export async function removeExpired(ctx: Context, limit: number): Promise<number> {
  const expired = await invitationStore.listExpired(ctx, timestamp(ctx.clock.now()), limit)
  for (const { organization_id: tenant, membership_id: id, token_hash } of expired) {
    const principal: Principal = { vendor: 'aftership', tenant, actor: 'system:expiry', operator: true }
    await withTransaction(ctx, principal, async tx => {
      // Ended where it was confirmed, sent anew or removed since it was listed.
      const invitation = await invitationStore.find(tx, token_hash)
      if (invitation?.ended_at === null) await remove(tx, principal, id, 'expired')
    })
  }
  return expired.length
}

/** Forgets memberships whose retention time is over. Returns how many of at most `limit`. */
export async function purge(ctx: Context, limit: number): Promise<number> {
  const before = timestamp(ctx.clock.now() - ctx.settings.retentionMs)
  const deleted = await store.listDeletedBefore(ctx, before, limit)
  for (const { organization_id: tenant, id } of deleted) {
    const principal: Principal = { vendor: 'aftership', tenant, actor: 'system:retention', operator: true }
    await withTransaction(ctx, principal, async tx => {
      // Not there any more where it was restored since it was listed.
      if (!(await store.purge(tx, tenant, id, before))) return
      await events.record(tx, principal, 'membership.purged', id, { id })
    })
  }
  return deleted.length
}

async function invitedAccount(tx: Context, principal: Principal, input: NewMembership): Promise<accounts.Account> {
  const path = input.email === undefined ? 'accountId' : 'email'
  const account =
    input.email === undefined
      ? await accounts.findById(tx, input.accountId ?? '')
      : await accounts.findByEmail(tx, input.email)
  if (!account) {
    trap(tx, principal, 'unregistered-email')
    throw refusal('accountUnknown', 'invalid', 'no account is registered under this email or id', [
      { path, problem: 'invalid', hint: 'a registered account; the control API registers one' },
    ])
  }
  if (input.accountId !== undefined && input.accountId !== account.id) {
    throw new DomainError('invalid', 'email and id name different accounts', {
      issues: [{ path: 'accountId', problem: 'invalid', hint: 'the account of the email' }],
    })
  }
  if (!account.verified) {
    throw refusal('accountUnverified', 'invalid', "the account's email is not verified", [{ path, problem: 'invalid' }])
  }
  return account
}

async function existingRole(tx: Context, principal: Principal, code: string): Promise<roleStore.Role> {
  const role = await roleStore.find(tx, principal.tenant, code)
  if (role) return role
  trap(tx, principal, 'custom-role-needs-setup')
  throw refusal('roleUnknown', 'invalid', 'this organization has no such role; the control API makes one', [
    { path: 'role', problem: 'invalid' },
  ])
}

async function assignableRole(tx: Context, principal: Principal, code: string): Promise<roleStore.Role> {
  const role = await existingRole(tx, principal, code)
  if (role.code === OWNER) requireOperator(principal)
  return role
}

async function existingOrganization(tx: Context, id: string): Promise<organizations.Organization> {
  const organization = await organizations.findById(tx, id)
  if (!organization) throw new DomainError('notFound', 'no such organization')
  return organization
}

/** Only an operator appoints an owner: contract section 4.5. */
function requireOperator(principal: Principal): void {
  if (principal.operator) return
  throw new DomainError('invalid', 'the role owner cannot be given through this API', {
    issues: [{ path: 'role', problem: 'invalid', hint: 'any role but owner' }],
  })
}

/** Only an operator changes or removes an owner: contract section 4.5. */
function forbidOwner(principal: Principal, membership: store.Membership): void {
  if (membership.roleCode === OWNER && !principal.operator) {
    throw new DomainError('forbidden', 'an owner cannot be changed or removed through this API')
  }
}

async function requireSeat(tx: Context, organization: organizations.Organization): Promise<void> {
  if (organization.seats === null) return
  if ((await blocks.count(tx, organization.id)) >= organization.seats) {
    throw refusal('seatsExhausted', 'conflict', `all ${organization.seats} seats are taken`)
  }
}

function alreadyMember(tx: Context, principal: Principal): DomainError {
  trap(tx, principal, 'one-role-per-account')
  return new DomainError('conflict', 'the account is a member already; change its role instead')
}

/** The trap that a leaver's other keys live on: whoever removes a member should know of them, and offboard the person. */
async function reportSurvivingKeys(tx: Context, { requestId }: Principal, email: string): Promise<void> {
  const surviving = await credentials.listUsableHeld(tx, email)
  tx.afterCommit(() => {
    for (const { vendor, tenant } of surviving) tx.traps('keys-survive-member', { vendor, tenant, requestId })
  })
}

function trap(tx: Context, { vendor, tenant, requestId, operator }: Principal, name: string): void {
  // An operator can mend it on the spot; a vendor's client walks on into it.
  if (!operator) tx.traps(name, { vendor, tenant, requestId })
}

/** What `disabled_by` and `ended_by` say of keys and grants that ended with a membership. */
const causeOf = (membershipId: string) => `membership:${membershipId}`

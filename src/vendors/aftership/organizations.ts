// Tenants: made and set by the control API and the seed only.

import { timestamp } from '../../platform/clock.ts'
import { type Context, type Principal, withTransaction } from '../../platform/context.ts'
import { isUniqueViolation } from '../../platform/db/engine.ts'
import { type Page, type PageQuery, pageOf, placeOf } from '../../platform/db/keyset.ts'
import { DomainError } from '../../platform/errors.ts'
import * as events from '../../platform/events/events.ts'
import * as store from './organizations.store.ts'
import { addDefaults } from './roles.ts'

/** The vendor's own limit [guide]. */
const REQUESTS_PER_SECOND = 10

export interface NewOrganization {
  id?: string | undefined
  name: string
  invitations?: store.Organization['invitations'] | undefined
  seats?: number | null | undefined
  requestsPerSecond?: number | undefined
}

/** Makes an organization with its three default roles. Throws `conflict` when the pinned id is taken. */
export async function create(ctx: Context, principal: Principal, input: NewOrganization): Promise<store.Organization> {
  const organization: store.Organization = {
    id: input.id ?? ctx.ids.hex32(),
    name: input.name,
    invitations: input.invitations ?? 'verify',
    seats: input.seats ?? null,
    requestsPerSecond: input.requestsPerSecond ?? REQUESTS_PER_SECOND,
    createdAt: timestamp(ctx.clock.now()),
  }
  return withTransaction(ctx, principal, async tx => {
    try {
      await store.insert(tx, organization)
    } catch (error) {
      if (isUniqueViolation(error)) throw new DomainError('conflict', 'an organization with this id exists already')
      throw error
    }
    await addDefaults(tx, organization.id)
    await record(tx, principal, 'organization.created', organization)
    return organization
  })
}

/** Throws `notFound`. */
export async function get(ctx: Context, id: string): Promise<store.Organization> {
  const organization = await store.findById(ctx, id)
  if (!organization) throw new DomainError('notFound', 'no such organization')
  return organization
}

export async function list(ctx: Context, page: PageQuery): Promise<Page<store.Organization>> {
  return pageOf(await store.list(ctx, placeOf(page.after), page.limit + 1), page.limit)
}

/** Changes the given settings; no change, no event. Fewer seats than members is allowed: it only stops new ones. Throws `notFound`. */
export async function update(
  ctx: Context,
  principal: Principal,
  id: string,
  input: Partial<store.OrganizationSettings>,
): Promise<store.Organization> {
  return withTransaction(ctx, principal, async tx => {
    const organization = await get(tx, id)
    const updated = { ...organization, ...input }
    if (JSON.stringify(updated) === JSON.stringify(organization)) return organization
    await store.update(tx, id, updated)
    await record(tx, principal, 'organization.updated', updated)
    return updated
  })
}

async function record(tx: Context, principal: Principal, type: string, organization: store.Organization) {
  // What a key opens includes its organization's rate limit.
  tx.afterCommit(() => tx.lookups.clear())
  await events.record(tx, { ...principal, tenant: organization.id }, type, organization.id, { organization })
}

// Roles of an organization: three that are always there [guide], and custom ones, made in the control API where the
// vendor wants a support ticket.

import { type Context, type Principal, withTransaction } from '../../platform/context.ts'
import { isUniqueViolation } from '../../platform/db/engine.ts'
import { DomainError } from '../../platform/errors.ts'
import * as events from '../../platform/events/events.ts'
import * as memberships from './memberships.store.ts'
import * as store from './roles.store.ts'

export const OWNER = 'owner'

/** Names as the vendor shows them [vendor]. */
const DEFAULTS: readonly store.Role[] = [
  { code: OWNER, name: 'Owner' },
  { code: 'admin', name: 'Admin' },
  { code: 'member', name: 'Member' },
]

/** The role with the fewest rights: what a deleted membership keeps when its own role is removed. */
const LEAST = 'member'

/** How many roles one organization may have; the wire lists them without pages. */
const ROLES_MAX = 200

export async function addDefaults(tx: Context, organizationId: string): Promise<void> {
  for (const [position, role] of DEFAULTS.entries()) await store.insert(tx, organizationId, role, position)
}

/** Throws `notFound`. */
async function get(ctx: Context, organizationId: string, code: string): Promise<store.Role> {
  const role = await store.find(ctx, organizationId, code)
  if (!role) throw new DomainError('notFound', 'no such role')
  return role
}

/** Throws `conflict` when the code is taken or there are 200 roles already. */
export async function create(ctx: Context, principal: Principal, role: store.Role): Promise<store.Role> {
  return withTransaction(ctx, principal, async tx => {
    if ((await store.list(tx, principal.tenant)).length >= ROLES_MAX) {
      throw new DomainError('conflict', `there are ${ROLES_MAX} roles already`)
    }
    try {
      await store.insert(tx, principal.tenant, role, (await store.lastPosition(tx, principal.tenant)) + 1)
    } catch (error) {
      if (isUniqueViolation(error)) throw new DomainError('conflict', 'a role with this code exists already')
      throw error
    }
    await events.record(tx, principal, 'role.created', role.code, { role })
    return role
  })
}

/** Throws `notFound`. */
export async function rename(ctx: Context, principal: Principal, code: string, name: string): Promise<store.Role> {
  return withTransaction(ctx, principal, async tx => {
    const role = await get(tx, principal.tenant, code)
    if (role.name === name) return role
    await store.rename(tx, principal.tenant, code, name)
    await events.record(tx, principal, 'role.updated', code, { role: { code, name } })
    return { code, name }
  })
}

/** Throws `notFound`, and `conflict` for a default role or one that a membership has. */
export async function remove(ctx: Context, principal: Principal, code: string): Promise<void> {
  await withTransaction(ctx, principal, async tx => {
    const role = await get(tx, principal.tenant, code)
    if (DEFAULTS.some(known => known.code === code)) {
      throw new DomainError('conflict', 'the default roles cannot be removed')
    }
    if (await memberships.existsWithRole(tx, principal.tenant, code)) {
      throw new DomainError('conflict', 'memberships have this role; give them another one first')
    }
    await memberships.replaceRoleOfDeleted(tx, principal.tenant, code, LEAST)
    await store.remove(tx, principal.tenant, code)
    await events.record(tx, principal, 'role.deleted', code, { role })
  })
}

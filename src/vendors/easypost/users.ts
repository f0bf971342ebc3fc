// The rules for users: contract sections 4 and 5. Called alike by the wire, the control API and the seed. The tenant is
// the parent; a parent is its own tenant's first user.

import { timestamp } from '../../platform/clock.ts'
import { type Context, type Principal, withTransaction } from '../../platform/context.ts'
import { isUniqueViolation } from '../../platform/db/engine.ts'
import { DomainError } from '../../platform/errors.ts'
import * as events from '../../platform/events/events.ts'
import { differences, given } from './changes.ts'
import { emailRefused } from './errors.ts'
import * as keys from './keys.ts'
import * as parents from './parents.store.ts'
import type { NewUserFields, UserChanges } from './user-input.ts'
import * as store from './users.store.ts'
import { childOf, parentOf, type WireUser } from './wire.ts'

/** A new user; an operator may pin its id and keys. */
export interface NewUser extends NewUserFields {
  id?: string | undefined
  keys?: Parameters<typeof keys.createPair>[3]
}

export interface MadeUser {
  user: store.User
  /** Test first, then production. */
  keys: keys.ShownKey[]
}

/** What a child has until somebody sets it [vendor]. */
const CHILD_PHONE = '8005550100'

/**
 * Makes a child of the principal's tenant with one key a mode. One event on the wire. Throws `USER.INVALID` (email
 * taken), and `conflict` when a pinned id or key is taken.
 */
export async function createChild(ctx: Context, principal: Principal, input: NewUser): Promise<MadeUser> {
  return withTransaction(ctx, principal, async tx => {
    const position = await parents.takePosition(tx, principal.tenant)
    const user = userOf(tx, principal.tenant, position, {
      ...input,
      phoneNumber: input.phoneNumber === undefined ? CHILD_PHONE : input.phoneNumber,
    })
    await insert(tx, user, input)
    await events.record(tx, principal, 'user.created', user.id, { user: childOf(user) })
    return { user, keys: await keys.createPair(tx, principal, user.id, input.keys) }
  })
}

/** Stores a user that was put together, and tells a taken email from a taken id. */
export async function insert(tx: Context, user: store.User, input: { id?: string | undefined }): Promise<void> {
  try {
    await store.insert(tx, user)
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    if (user.email !== null && input.id === undefined) throw emailRefused('has already been taken')
    throw new DomainError('conflict', 'a user with this id or email exists already')
  }
}

/** A user as it is first stored. Position 0 is the parent itself. */
export function userOf(ctx: Context, tenant: string, position: number, input: NewUser): store.User {
  const now = timestamp(ctx.clock.now())
  return {
    tenant,
    id: input.id ?? newId(ctx),
    parentId: position === store.PARENT_POSITION ? null : tenant,
    position,
    name: input.name,
    email: input.email ?? null,
    phoneNumber: input.phoneNumber ?? null,
    rechargeAmount: input.rechargeAmount ?? null,
    secondaryRechargeAmount: input.secondaryRechargeAmount ?? null,
    rechargeThreshold: input.rechargeThreshold ?? null,
    createdAt: now,
    updatedAt: now,
    deletedAt: null,
  }
}

export const newId = (ctx: Context) => `user_${ctx.ids.hex32()}`

/** Throws `notFound`. */
export async function get(ctx: Context, tenant: string, id: string): Promise<store.User> {
  const user = await store.find(ctx, tenant, id)
  if (!user) throw new DomainError('notFound', 'no such user')
  return user
}

/** Changes what is given; no change, no event, and `updatedAt` stays. Throws `notFound` and `USER.INVALID`. */
export async function update(
  ctx: Context,
  principal: Principal,
  id: string,
  changes: UserChanges,
): Promise<store.User> {
  return withTransaction(ctx, principal, async tx => {
    const user = await get(tx, principal.tenant, id)
    const changed = { ...user, ...given(changes) }
    if (changed.email === null && user.parentId === null && user.email !== null) throw emailRefused('cannot be blank')
    const previous = differences(childOf(user), childOf(changed))
    if (Object.keys(previous).length === 0) return user
    const updated = { ...changed, updatedAt: timestamp(tx.clock.now()) }
    try {
      await store.update(tx, updated)
    } catch (error) {
      if (isUniqueViolation(error)) throw emailRefused('has already been taken')
      throw error
    }
    await events.record(tx, principal, 'user.updated', id, { user: await recordOf(tx, updated), previous })
    return updated
  })
}

/** The record as a single read shows it, without `children`. */
export async function recordOf(ctx: Context, user: store.User): Promise<WireUser> {
  if (user.parentId !== null) return childOf(user)
  const parent = await parents.find(ctx, user.id)
  return parentOf(user, parent?.balance ?? '0.00')
}

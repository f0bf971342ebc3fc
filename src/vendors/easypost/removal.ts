// The end of a child: contract section 8. On the wire for good; here the row and its keys are kept for their retention
// time, so that an operator can take it back.

import { timestamp } from '../../platform/clock.ts'
import { type Context, type Principal, withTransaction } from '../../platform/context.ts'
import * as credentials from '../../platform/credentials/credentials.ts'
import * as disabling from '../../platform/credentials/disabling.ts'
import { isUniqueViolation } from '../../platform/db/engine.ts'
import { DomainError } from '../../platform/errors.ts'
import * as endpoints from '../../platform/events/endpoints.ts'
import * as events from '../../platform/events/events.ts'
import * as brands from './brands.store.ts'
import { VENDOR } from './keys.ts'
import * as store from './users.store.ts'
import * as users from './users.ts'
import { childOf } from './wire.ts'

/** Deletes a child; its keys stop with it, and its webhooks are gone. One event on the wire. Throws `notFound`, and `forbidden` for a parent. */
export async function remove(ctx: Context, principal: Principal, id: string): Promise<store.User> {
  return withTransaction(ctx, principal, async tx => {
    const user = await users.get(tx, principal.tenant, id)
    if (user.parentId === null) throw new DomainError('forbidden', 'only a child can be deleted')
    await store.setDeleted(tx, user, timestamp(tx.clock.now()))
    await events.record(tx, principal, 'user.deleted', id, { user: childOf(user) })
    await disabling.disableBecause(tx, principal, keysOf(user), causeOf(id))
    for (const webhook of await endpoints.list(tx, principal, id)) await endpoints.remove(tx, principal, webhook.id)
    return user
  })
}

/**
 * Takes a deletion back: the child as it was, at its old place, and of its keys those that the deletion ended. Throws
 * `notFound` (never was, or purged) and `conflict` (not deleted, or its email is taken meanwhile).
 */
export async function restore(ctx: Context, principal: Principal, id: string): Promise<store.User> {
  return withTransaction(ctx, principal, async tx => {
    const user = await store.findAny(tx, principal.tenant, id)
    if (!user) throw new DomainError('notFound', 'no such child, or its retention time is over')
    if (user.deletedAt === null) throw new DomainError('conflict', 'this user is not deleted')
    try {
      await store.setDeleted(tx, user, null)
    } catch (error) {
      if (isUniqueViolation(error)) throw new DomainError('conflict', 'another user has taken the email meanwhile')
      throw error
    }
    await events.record(tx, principal, 'user.restored', id, { user: childOf(user) })
    await disabling.enableBecause(tx, principal, keysOf(user), causeOf(id))
    return { ...user, deletedAt: null }
  })
}

/** Forgets children whose retention time is over, with keys and brand. Returns how many of at most `limit`. */
export async function purge(ctx: Context, limit: number): Promise<number> {
  const before = timestamp(ctx.clock.now() - ctx.settings.retentionMs)
  const deleted = await store.listDeletedBefore(ctx, before, limit)
  for (const { tenant, id } of deleted) {
    const principal: Principal = { vendor: VENDOR, tenant, actor: 'system:retention', operator: true }
    await withTransaction(ctx, principal, async tx => {
      // Not there any more where it was restored since it was listed.
      if (!(await store.purge(tx, tenant, id, before))) return
      await credentials.removeOwned(tx, principal, keysOf({ tenant, id }))
      await brands.remove(tx, tenant, id)
      await events.record(tx, principal, 'user.purged', id, { id })
    })
  }
  return deleted.length
}

const keysOf = ({ tenant, id }: { tenant: string; id: string }) => ({ vendor: VENDOR, tenant, owner: id })

/** What `disabled_by` says of keys that ended with their user. */
const causeOf = (userId: string) => `user:${userId}`

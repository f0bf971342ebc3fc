// The registry of people who may be invited. This API never makes one; the control API and the seed do.

import { timestamp } from '../../platform/clock.ts'
import { type Context, type Principal, withTransaction } from '../../platform/context.ts'
import { isUniqueViolation } from '../../platform/db/engine.ts'
import { type Page, type PageQuery, pageOf, placeOf } from '../../platform/db/keyset.ts'
import { DomainError } from '../../platform/errors.ts'
import * as events from '../../platform/events/events.ts'
import * as store from './accounts.store.ts'

/** Throws `conflict` when the email or the pinned id is taken. */
export async function create(
  ctx: Context,
  principal: Principal,
  input: { id?: string | undefined; email: string; verified?: boolean | undefined },
): Promise<store.Account> {
  const account: store.Account = {
    id: input.id ?? ctx.ids.hex32(),
    email: input.email.trim(),
    verified: input.verified ?? true,
    createdAt: timestamp(ctx.clock.now()),
  }
  return withTransaction(ctx, principal, async tx => {
    try {
      await store.insert(tx, account)
    } catch (error) {
      if (isUniqueViolation(error)) throw new DomainError('conflict', 'an account with this email or id exists already')
      throw error
    }
    await record(tx, principal, 'account.created', account)
    return account
  })
}

/** Throws `notFound`. */
export async function get(ctx: Context, id: string): Promise<store.Account> {
  const account = await store.findById(ctx, id)
  if (!account) throw new DomainError('notFound', 'no such account')
  return account
}

/** In creation order, or the one with `email`. */
export async function list(ctx: Context, email: string | undefined, page: PageQuery): Promise<Page<store.Account>> {
  if (email !== undefined) {
    const account = await store.findByEmail(ctx, email)
    return { items: account ? [account] : [], next: null }
  }
  return pageOf(await store.list(ctx, placeOf(page.after), page.limit + 1), page.limit)
}

/** Says whether the account's email is verified. No change, no event. Throws `notFound`. */
export async function update(
  ctx: Context,
  principal: Principal,
  id: string,
  input: { verified: boolean },
): Promise<store.Account> {
  return withTransaction(ctx, principal, async tx => {
    const account = await get(tx, id)
    if (account.verified === input.verified) return account
    const updated = { ...account, verified: input.verified }
    await store.setVerified(tx, id, input.verified)
    await record(tx, principal, 'account.updated', updated)
    return updated
  })
}

/** Accounts belong to no organization: their events have no tenant. */
async function record(tx: Context, principal: Principal, type: string, account: store.Account): Promise<void> {
  const { id, email, verified } = account
  await events.record(tx, { ...principal, tenant: '' }, type, id, { account: { id, email, verified } })
}

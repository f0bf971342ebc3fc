// Parents: made and set by the control API and the seed only. Contract section 4.

import { timestamp } from '../../platform/clock.ts'
import { type Context, type Principal, withTransaction } from '../../platform/context.ts'
import { isUniqueViolation } from '../../platform/db/engine.ts'
import { type Page, type PageQuery, pageOf, placeOf } from '../../platform/db/keyset.ts'
import { DomainError } from '../../platform/errors.ts'
import * as events from '../../platform/events/events.ts'
import { differences, given } from './changes.ts'
import { wrongType } from './errors.ts'
import { twoPlaces } from './fields.ts'
import * as keys from './keys.ts'
import * as store from './parents.store.ts'
import type { UserChanges } from './user-input.ts'
import * as userStore from './users.store.ts'
import * as users from './users.ts'
import { parentOf } from './wire.ts'

export type SettingChanges = { [Setting in keyof store.ParentSettings]?: store.ParentSettings[Setting] | undefined }
export type NewParent = users.NewUser & SettingChanges

/** A parent's own record with what operators set. */
export interface Account {
  user: userStore.User
  parent: store.Parent
}

/** Contract section 13; 5 on lists. */
const DEFAULTS: store.ParentSettings = { balance: '0.00', listPerSecond: 5, perSecond: 50, userEvents: true }
/** What a parent has at first [vendor]. */
const RECHARGE = { rechargeAmount: '100.00', secondaryRechargeAmount: '100.00', rechargeThreshold: '0.00' }

/** Makes a parent with one key a mode. Throws `conflict` (id, key or email taken) and `invalid` (balance). */
export async function create(
  ctx: Context,
  principal: Principal,
  input: NewParent,
): Promise<Account & { keys: keys.ShownKey[] }> {
  const id = input.id ?? users.newId(ctx)
  const tenant = { ...principal, tenant: id }
  return withTransaction(ctx, principal, async tx => {
    const fields = { ...RECHARGE, ...given(input), name: input.name, id }
    const user = users.userOf(tx, id, userStore.PARENT_POSITION, fields)
    const parent = { ...DEFAULTS, ...settingsIn(input), id, createdAt: timestamp(tx.clock.now()) }
    try {
      await store.insert(tx, parent, userStore.PARENT_POSITION + 1)
    } catch (error) {
      if (isUniqueViolation(error)) throw new DomainError('conflict', 'a parent with this id exists already')
      throw error
    }
    await users.insert(tx, user, input)
    await events.record(tx, tenant, 'parent.created', id, { user: parentOf(user, parent.balance) })
    return { user, parent, keys: await keys.createPair(tx, tenant, id, input.keys) }
  })
}

/** Throws `notFound`. */
export async function get(ctx: Context, id: string): Promise<Account> {
  const parent = await store.find(ctx, id)
  if (!parent) throw new DomainError('notFound', 'no such parent')
  return { parent, user: await users.get(ctx, id, id) }
}

/** In creation order. */
export async function list(ctx: Context, page: PageQuery): Promise<Page<Account>> {
  const { items, next } = pageOf(await store.list(ctx, placeOf(page.after), page.limit + 1), page.limit)
  const accounts: Account[] = []
  for (const parent of items) accounts.push({ parent, user: await users.get(ctx, parent.id, parent.id) })
  return { items: accounts, next }
}

/** Changes what is given of the record and of the settings. No change, no event. Throws as `create`, and `notFound`. */
export async function update(
  ctx: Context,
  principal: Principal,
  id: string,
  changes: UserChanges & SettingChanges,
): Promise<Account> {
  const tenant = { ...principal, tenant: id }
  return withTransaction(ctx, principal, async tx => {
    const { parent } = await get(tx, id)
    const { balance, listPerSecond, perSecond, userEvents, ...fields } = changes
    const updated = { ...parent, ...settingsIn({ balance, listPerSecond, perSecond, userEvents }) }
    const previous = differences(parent, updated)
    if (Object.keys(previous).length > 0) {
      await store.update(tx, id, updated)
      const { balance, listPerSecond, perSecond, userEvents } = updated
      const settings = { balance, listPerSecond, perSecond, userEvents }
      // What a key opens includes its parent's limits.
      tx.afterCommit(() => tx.lookups.clear())
      await events.record(tx, tenant, 'parent.updated', id, { settings, previous })
    }
    return { parent: updated, user: await users.update(tx, tenant, id, fields) }
  })
}

function settingsIn({ balance, listPerSecond, perSecond, userEvents }: SettingChanges): Partial<store.ParentSettings> {
  const amount = balance === undefined ? undefined : twoPlaces(balance)
  if (balance !== undefined && amount === undefined) {
    throw wrongType('balance', 'must be a decimal with at most 2 decimals')
  }
  return given({ balance: amount, listPerSecond, perSecond, userEvents })
}

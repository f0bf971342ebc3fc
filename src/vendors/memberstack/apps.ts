// Apps: made and set by the control API and the seed only. Contract sections 2 and 14.

import { isDeepStrictEqual } from 'node:util'
import { timestamp } from '../../platform/clock.ts'
import { type Context, type Principal, withTransaction } from '../../platform/context.ts'
import { isUniqueViolation } from '../../platform/db/engine.ts'
import { type Page, type PageQuery, pageOf, placeOf } from '../../platform/db/keyset.ts'
import { DomainError } from '../../platform/errors.ts'
import * as events from '../../platform/events/events.ts'
import * as store from './apps.store.ts'
import { newAppId } from './ids.ts'
import type { AppPrincipal, Realm } from './realm.ts'
import { type AppSettingsInput, withSettings } from './settings.ts'
import { checkStripeConnection, type StripeConnection } from './stripe.ts'

export interface NewApp {
  /** Pinned by a seed or an operator; made when left out. */
  id?: string | undefined
  name: string
  settings?: AppSettingsInput | undefined
}

/** Makes an app with two empty environments. Throws `conflict` when the id is taken. */
export async function create(ctx: Context, principal: Principal, input: NewApp): Promise<store.App> {
  const app: store.App = {
    id: input.id ?? newAppId(ctx),
    name: input.name,
    settings: withSettings(input.settings ?? {}),
    createdAt: timestamp(ctx.clock.now()),
  }
  return withTransaction(ctx, async tx => {
    try {
      await store.insert(tx, app)
    } catch (error) {
      if (isUniqueViolation(error)) throw new DomainError('conflict', 'an app with this id exists already')
      throw error
    }
    await events.record(tx, { ...principal, tenant: app.id }, 'app.created', app.id, { id: app.id, name: app.name })
    return app
  })
}

/** Throws `notFound`. */
export async function get(ctx: Context, id: string): Promise<store.App> {
  const app = await store.find(ctx, id)
  if (!app) throw new DomainError('notFound', 'no such app')
  return app
}

/** In creation order. */
export async function list(ctx: Context, page: PageQuery): Promise<Page<store.App>> {
  return pageOf(await store.list(ctx, placeOf(page.after), page.limit + 1), page.limit)
}

/** Changes what is given. No change, no event. Throws `notFound`. */
export async function update(
  ctx: Context,
  principal: Principal,
  id: string,
  changes: { name?: string | undefined; settings?: AppSettingsInput | undefined },
): Promise<store.App> {
  return withTransaction(ctx, async tx => {
    const app = await get(tx, id)
    const updated = {
      ...app,
      name: changes.name ?? app.name,
      settings: withSettings(changes.settings ?? {}, app.settings),
    }
    if (JSON.stringify(updated) === JSON.stringify(app)) return app
    await store.update(tx, updated)
    // What a key opens includes its app's settings.
    tx.afterCommit(() => tx.lookups.clear())
    const { name, settings } = updated
    await events.record(tx, { ...principal, tenant: id }, 'app.updated', id, { id, name, settings })
    return updated
  })
}

/**
 * Connects an environment to a Stripe account, or, with null, to none. The key is kept sealed and never shown. No change,
 * no event. Throws `notFound` (app) and `invalid` (`secretKey`, `apiBase`).
 */
export async function connectStripe(
  ctx: Context,
  principal: AppPrincipal,
  connection: StripeConnection | null,
): Promise<void> {
  if (connection) checkStripeConnection(principal.environment, connection)
  await withTransaction(ctx, async tx => {
    await get(tx, principal.tenant)
    if (isDeepStrictEqual(connection ?? undefined, await stripeConnection(tx, principal))) return
    const sealedKey = connection && tx.vault.seal(connection.secretKey, stripePlace(principal))
    await store.setStripe(tx, principal, { sealedKey, apiBase: connection?.apiBase ?? null })
    const data = { environment: principal.environment, connected: connection !== null }
    await events.record(tx, principal, 'app.stripe_updated', principal.tenant, data)
  })
}

/** The environment's Stripe account with its key in clear, or undefined when there is none. */
export async function stripeConnection(ctx: Context, realm: Realm): Promise<StripeConnection | undefined> {
  const stripe = await store.stripeOf(ctx, realm)
  if (!stripe || stripe.sealedKey === null) return undefined
  const secretKey = ctx.vault.open(stripe.sealedKey, stripePlace(realm))
  return { secretKey, ...(stripe.apiBase === null ? {} : { apiBase: stripe.apiBase }) }
}

const stripePlace = ({ tenant, environment }: Realm) => `stripe-key:${tenant}:${environment}`

// OAuth clients: registered in the control API and the seed. Contract section 8.

import { timestamp } from '../../platform/clock.ts'
import { type Context, type Principal, withTransaction } from '../../platform/context.ts'
import { isUniqueViolation } from '../../platform/db/engine.ts'
import { type Page, type PageQuery, pageOf, placeOf } from '../../platform/db/keyset.ts'
import { DomainError } from '../../platform/errors.ts'
import * as events from '../../platform/events/events.ts'
import * as store from './apps.store.ts'
import * as grants from './grants.ts'

export interface NewApp extends store.AppSettings {
  /** Pinned id and secret; made when left out. */
  clientId?: string | undefined
  clientSecret?: string | undefined
}

/** A client with its secret in clear: shown this once. */
export interface MadeApp {
  app: store.App
  clientSecret: string
}

const REDIRECT_URIS_MAX = 20
const REDIRECT_URI_LENGTH_MAX = 2000
const SECRET_BYTES = 32

/** Throws `invalid` (redirect URIs) and `conflict` when the pinned client id is taken. */
export async function create(ctx: Context, principal: Principal, input: NewApp): Promise<MadeApp> {
  requireRedirectUris(input.redirectUris)
  const clientSecret = input.clientSecret ?? newSecret(ctx)
  const app: store.App = {
    id: input.clientId ?? ctx.ids.hex32(),
    name: input.name,
    partner: input.partner,
    redirectUris: input.redirectUris,
    createdAt: timestamp(ctx.clock.now()),
  }
  return withTransaction(ctx, principal, async tx => {
    try {
      await store.insert(tx, app, tx.vault.lookupHash(clientSecret))
    } catch (error) {
      if (isUniqueViolation(error)) throw new DomainError('conflict', 'an app with this client id exists already')
      throw error
    }
    await record(tx, principal, 'app.created', app)
    return { app, clientSecret }
  })
}

/** Throws `notFound`. */
export async function get(ctx: Context, id: string): Promise<store.App> {
  const app = await store.findById(ctx, id)
  if (!app) throw new DomainError('notFound', 'no such app')
  return app
}

/** In creation order. */
export async function list(ctx: Context, page: PageQuery): Promise<Page<store.App>> {
  return pageOf(await store.list(ctx, placeOf(page.after), page.limit + 1), page.limit)
}

/**
 * Changes what is given; no change, no event. An app that is no partner any more loses its grants for good: contract
 * section 8. Throws `notFound` and `invalid` (redirect URIs).
 */
export async function update(
  ctx: Context,
  principal: Principal,
  id: string,
  input: { [Setting in keyof store.AppSettings]?: store.AppSettings[Setting] | undefined },
): Promise<store.App> {
  if (input.redirectUris) requireRedirectUris(input.redirectUris)
  return withTransaction(ctx, principal, async tx => {
    const app = await get(tx, id)
    const updated: store.App = {
      ...app,
      name: input.name ?? app.name,
      partner: input.partner ?? app.partner,
      redirectUris: input.redirectUris ?? app.redirectUris,
    }
    if (JSON.stringify(updated) === JSON.stringify(app)) return app
    await store.update(tx, id, updated)
    await record(tx, principal, 'app.updated', updated)
    if (app.partner && !updated.partner) await grants.endOfApp(tx, principal, id, 'partner_lost')
    return updated
  })
}

/** Gives the app a new secret; the old one stops at once, its grants go on. Throws `notFound`. */
export async function rotateSecret(ctx: Context, principal: Principal, id: string): Promise<MadeApp> {
  const clientSecret = newSecret(ctx)
  return withTransaction(ctx, principal, async tx => {
    const app = await get(tx, id)
    await store.setSecretHash(tx, id, tx.vault.lookupHash(clientSecret))
    await record(tx, principal, 'app.secret_rotated', app)
    return { app, clientSecret }
  })
}

/** Gone for good, and its grants with it. Throws `notFound`. */
export async function remove(ctx: Context, principal: Principal, id: string): Promise<void> {
  await withTransaction(ctx, principal, async tx => {
    const app = await get(tx, id)
    await store.remove(tx, id)
    await record(tx, principal, 'app.deleted', app)
    await grants.endOfApp(tx, principal, id, 'app_deleted')
  })
}

/** Apps belong to no organization: their events have no tenant. */
async function record(tx: Context, principal: Principal, type: string, app: store.App): Promise<void> {
  const { id, name, partner, redirectUris } = app
  await events.record(tx, { ...principal, tenant: '' }, type, id, { app: { id, name, partner, redirectUris } })
}

const newSecret = (ctx: Context) => `asoc_${ctx.ids.secret(SECRET_BYTES)}`

function requireRedirectUris(uris: readonly string[]): void {
  if (uris.length === 0 || uris.length > REDIRECT_URIS_MAX) {
    throw redirectUriIssue('redirectUris', `1 to ${REDIRECT_URIS_MAX} redirect URIs`)
  }
  for (const [index, uri] of uris.entries()) {
    if (isRedirectUri(uri)) continue
    throw redirectUriIssue(
      `redirectUris.${index}`,
      'an absolute https URI, or http on 127.0.0.1, [::1] or localhost; no fragment, no user name',
    )
  }
}

function redirectUriIssue(path: string, hint: string): DomainError {
  return new DomainError('invalid', 'an app needs valid redirect URIs', {
    issues: [{ path, problem: 'invalid', hint }],
  })
}

/** The characters of a URI (RFC 3986 2) but `#`. The parser would forgive others; a Location header does not. */
const URI_TEXT = /^https?:\/\/[\w\-.~:/?[\]@!$&'()*+,;=%]+$/i
/** Hosts that can stand in a content security policy, where `,` and `;` separate. */
const HOST = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])$/
const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost'])

/** RFC 6749 3.1.2 (absolute, no fragment); http on loopback only, as in RFC 8252 7.3. */
function isRedirectUri(uri: string): boolean {
  if (uri.length > REDIRECT_URI_LENGTH_MAX || !URI_TEXT.test(uri)) return false
  const url = URL.parse(uri)
  if (url?.username !== '' || url.password !== '' || !HOST.test(url.hostname)) return false
  return url.protocol === 'https:' || LOOPBACK.has(url.hostname)
}

// Consent, codes and tokens: contract section 8. What a token is good for is its grant's business (grants.ts).

import { createHash, timingSafeEqual } from 'node:crypto'
import { timestamp } from '../../../platform/clock.ts'
import { type Context, type Principal, withTransaction } from '../../../platform/context.ts'
import { DomainError } from '../../../platform/errors.ts'
import * as events from '../../../platform/events/events.ts'
import * as apps from '../apps.store.ts'
import * as grantStore from '../grants.store.ts'
import * as grants from '../grants.ts'
import * as memberships from '../memberships.store.ts'
import { oauthError } from './errors.ts'
import { type AuthorizationRequest, locationOf, parseScopes, refusal, textOf } from './request.ts'
import * as secrets from './secrets.ts'
import * as store from './tokens.store.ts'

/** How many organizations one person is offered to choose from. */
const ORGANIZATIONS_MAX = 1000

/** RFC 7636 4.1. */
const CODE_VERIFIER = /^[A-Za-z0-9\-._~]{43,128}$/

/** In clear: known to the client alone from here on. */
export interface Tokens {
  accessToken: string
  refreshToken: string
  /** What the access token may do. */
  scopes: readonly string[]
}

/** The organizations for which an account may consent: those where it is an active owner or admin. */
export function listOrganizations(ctx: Context, accountId: string): Promise<{ id: string; name: string }[]> {
  return memberships.listAdministered(ctx, accountId, ORGANIZATIONS_MAX)
}

/**
 * Stores the consent of an account for one organization and returns where the browser goes with the code. Throws
 * `forbidden` when the account is no active owner or admin there.
 */
export async function allow(
  ctx: Context,
  request: AuthorizationRequest,
  consent: { accountId: string; organizationId: string; requestId: string },
): Promise<string> {
  const { accountId, organizationId: tenant, requestId } = consent
  const code = await withTransaction(ctx, { vendor: 'aftership', tenant }, async tx => {
    const organizations = await listOrganizations(tx, accountId)
    if (!organizations.some(({ id }) => id === tenant)) {
      throw new DomainError('forbidden', 'Only an active owner or admin of an organization can connect an app to it.')
    }
    const principal: Principal = { vendor: 'aftership', tenant, actor: `account:${accountId}`, requestId }
    const { app, scopes } = request
    const grant = await grants.create(tx, principal, { appId: app.id, accountId, scopes: [...scopes] })
    return secrets.issue(tx, 'code', { grantId: grant.id, request: textOf(request) })
  })
  return locationOf(request.redirectUri, { code, state: request.state })
}

/** Where the browser goes when the person says no: RFC 6749 4.1.2.1. */
export function deny({ redirectUri, state }: AuthorizationRequest): string {
  return refusal(redirectUri, state, 'access_denied', 'the person said no').location
}

/** The app that a client id and secret belong to. Throws invalid_client. */
export async function authenticateClient(ctx: Context, clientId: string, clientSecret: string): Promise<apps.App> {
  const app = await apps.findById(ctx, clientId)
  const expected = Buffer.from((await apps.findSecretHash(ctx, clientId)) ?? '')
  const sent = Buffer.from(ctx.vault.lookupHash(clientSecret))
  if (!app || expected.length !== sent.length || !timingSafeEqual(expected, sent)) {
    throw oauthError('invalid_client', 'client id or client secret is wrong')
  }
  return app
}

/**
 * Turns an authorization code into tokens, once: a second use ends the grant. Throws unauthorized_client (no partner)
 * and invalid_grant, which tells nobody why: RFC 6749 4.1.3 and 4.1.2, RFC 7636 4.6.
 */
export async function exchange(
  ctx: Context,
  app: apps.App,
  input: { code: string; redirectUri: string; codeVerifier: string },
  requestId: string,
): Promise<Tokens> {
  requirePartner(app)
  const tokens = await withTransaction(ctx, { vendor: 'aftership', tenant: app.id }, async tx => {
    const found = await findOfApp(tx, app, ['code'], input.code)
    if (!found) return undefined
    const { secret, grant } = found
    const good = isGood(tx, secret, grant) && answers(secret.request ?? '', input)
    if (secret.usedAt === null && !good) return undefined
    const principal = principalOf(app, grant, requestId)
    if (await secrets.use(tx, secret)) return issueTokens(tx, principal, grant, grant.scopes, 'grant.exchanged')
    await grants.end(tx, principal, grant.id, 'code_reused')
    return undefined
  })
  // Thrown only here: a grant that has just ended stays ended.
  if (!tokens) throw oauthError('invalid_grant', 'the code is unknown, expired, used, or not for this request')
  return tokens
}

/**
 * Turns a refresh token into new tokens, once: an old one used again ends the grant. `scope` may ask for less. Throws
 * unauthorized_client (no partner), invalid_scope and invalid_grant: RFC 6749 6.
 */
export async function refresh(
  ctx: Context,
  app: apps.App,
  input: { refreshToken: string; scope: string | undefined },
  requestId: string,
): Promise<Tokens> {
  requirePartner(app)
  const tokens = await withTransaction(ctx, { vendor: 'aftership', tenant: app.id }, async tx => {
    const found = await findOfApp(tx, app, ['refresh'], input.refreshToken)
    if (!found) return undefined
    const { secret, grant } = found
    if (secret.usedAt === null && !isGood(tx, secret, grant)) return undefined
    const principal = principalOf(app, grant, requestId)
    if (secret.usedAt === null) {
      const scopes = narrowed(grant, input.scope)
      if (await secrets.use(tx, secret)) return issueTokens(tx, principal, grant, scopes, 'grant.refreshed')
    }
    await grants.end(tx, principal, grant.id, 'refresh_token_reused')
    return undefined
  })
  if (!tokens) throw oauthError('invalid_grant', 'the refresh token is unknown, expired or used')
  return tokens
}

/**
 * Ends the whole grant that an access or refresh token belongs to. An unknown token is none to revoke, and no error.
 * Throws invalid_grant for another client's token: RFC 7009 2.1 and 2.2.
 */
export async function revoke(ctx: Context, app: apps.App, token: string, requestId: string): Promise<void> {
  await withTransaction(ctx, { vendor: 'aftership', tenant: app.id }, async tx => {
    const secret = await secrets.find(tx, ['access', 'refresh'], token)
    const grant = await grantStore.findById(tx, secret?.grantId ?? '')
    if (!grant) return
    if (grant.appId !== app.id) throw oauthError('invalid_grant', 'the token was issued to another client')
    await grants.end(tx, principalOf(app, grant, requestId), grant.id, 'revoked')
  })
}

/**
 * Forgets links, sessions, codes and tokens whose time is over, and ends grants that no token is left of. Returns how
 * many of at most `limit`.
 */
export async function purge(ctx: Context, limit: number): Promise<number> {
  const forgotten = await store.listForgettable(ctx, timestamp(ctx.clock.now()), limit)
  for (const [grantId, secrets] of Map.groupBy(forgotten, ({ grant_id: id }) => id ?? '')) {
    const grant = await grantStore.findById(ctx, grantId)
    const principal: Principal = { vendor: 'aftership', tenant: grant?.organizationId ?? '', actor: 'system:oauth' }
    await withTransaction(ctx, grant ? principal : null, async tx => {
      for (const { token_hash: tokenHash } of secrets) await store.remove(tx, tokenHash)
      if (!grant || (await store.existsForGrant(tx, grantId))) return
      await grants.end(tx, principal, grantId, 'expired')
    })
  }
  return forgotten.length
}

/** A code or token with its grant, when the grant is this app's. */
async function findOfApp(tx: Context, app: apps.App, kinds: readonly store.SecretKind[], text: string) {
  const secret = await secrets.find(tx, kinds, text)
  const grant = await grantStore.findById(tx, secret?.grantId ?? '')
  return secret && grant?.appId === app.id ? { secret, grant } : undefined
}

function isGood(tx: Context, secret: store.Secret, grant: grantStore.Grant): boolean {
  return grant.endedAt === null && !secrets.isExpired(tx, secret)
}

/** Whether the token request goes with the authorization request: RFC 6749 4.1.3, RFC 7636 4.6. */
function answers(
  request: string,
  { redirectUri, codeVerifier }: { redirectUri: string; codeVerifier: string },
): boolean {
  const asked = new URLSearchParams(request)
  const challenge = createHash('sha256').update(codeVerifier).digest('base64url')
  return (
    asked.get('redirect_uri') === redirectUri &&
    CODE_VERIFIER.test(codeVerifier) &&
    asked.get('code_challenge') === challenge
  )
}

function narrowed(grant: grantStore.Grant, scope: string | undefined): readonly string[] {
  if (scope === undefined) return grant.scopes
  const scopes = parseScopes(scope)
  if (scopes?.every(name => grant.scopes.includes(name))) return scopes
  throw oauthError('invalid_scope', 'scope goes beyond what was granted')
}

async function issueTokens(
  tx: Context,
  principal: Principal,
  grant: grantStore.Grant,
  scopes: readonly string[],
  event: 'grant.exchanged' | 'grant.refreshed',
): Promise<Tokens> {
  const accessToken = await secrets.issue(tx, 'access', { grantId: grant.id, scopes })
  const refreshToken = await secrets.issue(tx, 'refresh', { grantId: grant.id })
  await events.record(tx, principal, event, grant.id, { grant: { id: grant.id, appId: grant.appId }, scopes })
  return { accessToken, refreshToken, scopes }
}

/** Contract section 8; RFC 6749 5.2. */
function requirePartner(app: apps.App): void {
  if (!app.partner) throw oauthError('unauthorized_client', 'this app is not in the Partner Program')
}

function principalOf(app: apps.App, grant: grantStore.Grant, requestId: string): Principal {
  return { vendor: 'aftership', tenant: grant.organizationId, actor: `app:${app.id}`, requestId }
}

// Secrets where they do not belong: in paths, queries, headers, other fields, names of fields, and bodies that break off.
// Each of these requests fails, or changes nothing.

import { MEMBERSHIPS, type Shop } from './aftership.ts'
import { basic, type Sender } from './easypost.ts'
import type { Club } from './memberstack.ts'
import { json } from './memberstack.ts'
import type { Town } from './town.ts'
import type { WireRequest } from './wire.ts'

export interface Tenants {
  shop: Shop
  sender: Sender
  club: Club
}

/** Every misplacement of one secret. */
export function misplacements(town: Town, tenants: Tenants, secret: string): WireRequest[] {
  return [
    ...atTheServer(secret),
    ...inControl(town.token, tenants, secret),
    ...atAftership(tenants.shop, secret),
    ...inOauth(secret),
    ...atEasypost(tenants.sender, secret),
    ...atMemberstack(tenants.club, secret),
    ...atMembersDoor(tenants.club, secret),
  ]
}

const get = (path: string, headers: Record<string, string> = {}): WireRequest => ({ method: 'GET', path, headers })
const broken = (method: string, path: string, headers: Record<string, string>, secret: string): WireRequest => ({
  ...json(method, path, headers, null),
  body: `{"key":"${secret}","${secret}`,
})
/** As a header may hold it. */
const latin = (secret: string) => secret.replaceAll(/[^\x20-\x7e]/g, '?')

function atTheServer(secret: string): WireRequest[] {
  const escaped = encodeURIComponent(secret)
  return [
    get(`/${escaped}?token=${escaped}`, { cookie: `session=${escaped}`, authorization: latin(secret) }),
    get(`/docs/${escaped}`),
    get(`/openapi/${escaped}.json`),
    get(`/metrics?key=${escaped}`),
    json('POST', `/health/${escaped}`, {}, { secret }),
    get(`/%${escaped}`),
  ]
}

function inControl(token: string, { shop, sender, club }: Tenants, secret: string): WireRequest[] {
  const admin = { authorization: `Bearer ${token}` }
  const escaped = encodeURIComponent(secret)
  const base = '/understudy/v1'
  const [organization, app] = [`/aftership/organizations/${shop.organization}`, `/memberstack/apps/${club.app}`]
  const posts: [path: string, body: unknown][] = [
    ['/tokens', { name: 'x', scope: secret, [secret]: secret }],
    ['/tokens', [secret]],
    ['/tokens', secret],
    [`${organization}/keys`, { name: 'x', mode: 'rsa', publicKey: secret }],
    [`${organization}/keys`, { name: 'x', mode: secret, expiresAt: secret }],
    [`${organization}/memberships`, { email: secret, role: 'member' }],
    [`${organization}/memberships`, { email: 'nobody@nowhere.example', role: secret }],
    [`${organization}/webhooks`, { url: secret, secret }],
    [`${organization}/webhooks`, { url: `ftp://user:${escaped}@127.0.0.1/`, secret }],
    [`${organization}/webhooks`, { url: 'https://a.example', secret, events: [secret] }],
    ['/aftership/apps', { name: 'x', partner: true, redirectUris: [secret] }],
    [`/easypost/parents/${sender.parent}/keys`, { mode: secret }],
    ['/easypost/parents', { name: 'x', email: secret, balance: secret }],
    ['/memberstack/apps', { name: 'A', id: secret }],
    [`${app}/keys`, { kind: secret, environment: secret, key: secret }],
    [`${app}/webhooks`, { url: secret, environment: 'live', secret }],
    [`${app}/webhooks`, { url: 'https://a.example', environment: 'live', secret: `${secret}=` }],
    [`/holders/${escaped}/offboard`, {}],
  ]
  const puts: [path: string, body: unknown][] = [
    [`${app}/stripe/sandbox`, { secretKey: `${secret}!` }],
    [`${app}/stripe/sandbox`, { secretKey: 'sk_test_x', apiBase: secret }],
    [`/keys/${escaped}/holder`, { holder: secret }],
  ]
  return [
    get(`${base}/keys`, { authorization: `Bearer ${latin(secret)}` }),
    get(`${base}/keys`, { authorization: latin(secret) }),
    ...['/keys/', '/mails/', `${organization}/memberships/`, `${app}/members/`, '/nowhere/'].map(path =>
      get(`${base}${path}${escaped}`, admin),
    ),
    ...['/events?after=', '/keys?limit=', `${organization}/memberships?state=`, `${app}/members?environment=`].map(
      path => get(`${base}${path}${escaped}`, admin),
    ),
    ...posts.map(([path, body]) => json('POST', base + path, admin, body)),
    ...puts.map(([path, body]) => json('PUT', base + path, admin, body)),
    broken('POST', `${base}/tokens`, admin, secret),
  ]
}

function atAftership({ apiKey, signing }: Shop, secret: string): WireRequest[] {
  const key = { 'as-api-key': apiKey }
  const escaped = encodeURIComponent(secret)
  const date = new Date().toUTCString()
  return [
    ...['as-api-key', 'as-access-token', 'aftership-api-key', 'authorization'].map(name =>
      get(MEMBERSHIPS, { [name]: latin(secret) }),
    ),
    get(`${MEMBERSHIPS}?key=${escaped}&email=${escaped}`, {
      'as-api-key': latin(secret),
      'as-access-token': secret.slice(0, 3),
    }),
    get(MEMBERSHIPS, { 'as-api-key': signing.apiKey, date, 'as-signature-hmac-sha256': latin(secret) }),
    get(MEMBERSHIPS, { 'as-api-key': signing.apiKey, date: latin(secret), 'as-signature-hmac-sha256': latin(secret) }),
    get(`${MEMBERSHIPS}/${escaped}?page=${escaped}`, key),
    get(`/admin/${escaped}`, key),
    json('POST', MEMBERSHIPS, key, { account: { email: secret }, role: { code: secret } }),
    json('POST', MEMBERSHIPS, key, { account: { id: secret }, role: { code: 'member' } }),
    json('POST', MEMBERSHIPS, key, { [secret]: secret }),
    broken('POST', MEMBERSHIPS, key, secret),
    json('PATCH', `${MEMBERSHIPS}/${escaped}`, key, { role: { code: secret } }),
    get(`/invitations/aftership/${escaped}x`),
    { method: 'POST', path: `/invitations/aftership/${escaped}/x` },
  ]
}

function inOauth(secret: string): WireRequest[] {
  const escaped = encodeURIComponent(secret)
  const form = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}): WireRequest => ({
    method: 'POST',
    path: `/oauth/aftership/${path}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(fields).toString(),
  })
  const client = { client_id: 'partner', client_secret: secret }
  return [
    get(`/oauth/aftership/authorize?client_id=${escaped}&redirect_uri=${escaped}&state=${escaped}`),
    get(`/oauth/aftership/sign-in/${escaped}x`),
    form('token', { ...client, grant_type: 'authorization_code', code: secret }),
    form('token', { client_id: secret, client_secret: secret, grant_type: secret, refresh_token: secret }),
    form('token', { grant_type: secret }, { authorization: `Basic ${Buffer.from(secret).toString('base64')}` }),
    form('revoke', { ...client, token: secret }),
    form('sign-in', { csrf: secret, request: secret, email: secret }, { cookie: `session=${escaped}` }),
    json('POST', '/oauth/aftership/token', {}, { client_secret: secret }),
  ]
}

function atEasypost({ production }: Sender, secret: string): WireRequest[] {
  const key = { authorization: basic(production) }
  const escaped = encodeURIComponent(secret)
  return [
    get('/v2/users', { authorization: basic(secret) }),
    get(`/v2/api_keys?api_key=${escaped}`, { authorization: `Bearer ${latin(secret)}` }),
    get('/v2/users', { authorization: `Basic ${latin(secret)}` }),
    get('/v2/users', { authorization: latin(secret) }),
    ...['users', 'webhooks', 'events', 'nowhere'].map(what => get(`/v2/${what}/${escaped}?x=${escaped}`, key)),
    get(`/v2/events?before_id=${escaped}&page_size=${escaped}`, key),
    json('POST', `/v2/api_keys/${escaped}/enable`, key, {}),
    json('POST', '/v2/api_keys', key, { mode: secret }),
    json('POST', '/v2/users', key, { user: { name: [secret], [secret]: 1 } }),
    json('POST', '/v2/users', key, { [secret]: secret }),
    json('POST', '/v2/users', key, { user: { name: 'x', recharge_amount: secret, email: secret } }),
    json('POST', '/v2/webhooks', key, { webhook: { url: secret, webhook_secret: secret } }),
    json('POST', '/v2/webhooks', key, {
      webhook: { url: 'https://a.example', custom_headers: [{ name: `${secret}: x`, value: `${secret}\n` }] },
    }),
    broken('POST', '/v2/users', key, secret),
    { ...broken('POST', '/v2/users', key, secret), body: `user[name][${escaped}]=${escaped}&user[name]=%` },
  ]
}

function atMemberstack(club: Club, secret: string): WireRequest[] {
  const admin = { 'x-api-key': club.secret }
  const escaped = encodeURIComponent(secret)
  return [
    get('/members', { 'x-api-key': latin(secret), authorization: `Bearer ${latin(secret)}` }),
    get('/members', { authorization: `Bearer ${latin(secret)}`, origin: 'https://page.example' }),
    get('/app', { 'x-api-key': latin(secret), origin: 'https://page.example' }),
    get(`/members?order=${escaped}&after=${escaped}`, admin),
    get(`/members/${escaped}`, admin),
    get(`/member/${escaped}?token=${escaped}`, admin),
    json('POST', '/members/verify-token', admin, { token: [secret] }),
    json('POST', '/members/verify-token', admin, { token: secret }),
    json('POST', '/members', admin, { email: secret, password: secret.slice(0, 7) }),
    json('POST', '/members', admin, { email: 'x@y.example', password: secret, plans: [{ planId: secret }] }),
    json('POST', '/members', admin, { email: 'x@y.example', password: [secret], [secret]: secret }),
    broken('POST', '/members', admin, secret),
    json('PATCH', `/members/${escaped}`, admin, { verified: secret, json: secret }),
    json('POST', `/members/${escaped}/add-plan`, admin, { planId: secret }),
    json('DELETE', `/members/${escaped}?deleteStripeCustomer=${escaped}`, admin, { [secret]: secret }),
  ]
}

function atMembersDoor(club: Club, secret: string): WireRequest[] {
  const visitor = { 'x-api-key': club.public }
  const bearer = { ...visitor, authorization: `Bearer ${latin(secret).replaceAll(' ', '')}` }
  return [
    json('POST', '/auth/login', bearer, { email: secret, password: secret }),
    json('POST', '/auth/login', visitor, { email: 'bea@memberstack.example', password: [secret] }),
    json('POST', '/auth/login', visitor, { email: [secret], password: secret }),
    json('POST', '/auth/signup', visitor, { email: secret, password: secret, plans: secret }),
    json('POST', '/auth/passwordless/login', visitor, { email: secret, passwordlessToken: secret }),
    json('POST', '/auth/passwordless/login/send', visitor, { email: secret }),
    json('POST', '/auth/send-reset-password-email', visitor, { email: secret }),
    json('POST', '/auth/reset-password', visitor, { token: secret, newPassword: 'short' }),
    json('POST', '/auth/reset-password', visitor, { token: secret, newPassword: secret, email: secret }),
    get('/member', bearer),
    json('POST', '/member/json', bearer, { json: secret }),
    get(`/app/plans/${encodeURIComponent(secret)}`, visitor),
    broken('POST', '/auth/login', visitor, secret),
  ]
}

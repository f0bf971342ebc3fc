// What the scenarios of Memberstack's client API share: people at their own addresses, what Auth and the member look
// like there (contract section 10), and the codes that mails carry.

import assert from 'node:assert/strict'
import { decodeJwt } from 'jose'
import {
  acmeWith,
  type Call,
  call,
  callClient,
  type Json,
  keys,
  type Method,
  memberRecord,
  okClient,
  PASSWORD,
  plans,
  type Reply,
  START,
  seedOf,
} from './memberstack.support.ts'
import type { TestApp } from './support.ts'

/** Of a token, in seconds. */
export const LIFETIME = 1_209_600

export const NEW_PASSWORD = 'staple battery horse'

/** A free plan that leads its members somewhere. */
export const tour = {
  id: 'pln_tour',
  name: 'Tour',
  type: 'FREE',
  description: 'See the whole club.',
  priority: 2,
  redirects: { afterSignup: '/tour/start', afterLogin: '/tour', afterLogout: '/tour/bye' },
}

/** A paid plan with its price. */
export const gold = {
  id: 'pln_gold_monthly',
  name: 'Gold monthly',
  type: 'SUBSCRIPTION',
  prices: [
    {
      id: 'prc_gold',
      amount: 12,
      name: 'Monthly',
      type: 'SUBSCRIPTION',
      status: 'ACTIVE',
      currency: 'usd',
      interval: { type: 'MONTHLY', count: 1 },
    },
  ],
}

const club = acmeWith({}, { plans: [...Object.values(plans), tour, gold] })

/** Acme alone: half the members to hash passwords for. */
export const ACME = seedOf(club)

/** Acme alone, with these settings. */
export function acmeSeed(settings: object): string {
  return seedOf(acmeWith(settings, { plans: [...Object.values(plans), tour, gold] }))
}

/** The same app, asked from another address. */
export function from(app: TestApp, remoteAddress: string): TestApp {
  return { ...app, request: options => app.request({ ...options, remoteAddress }) }
}

/** The same app, asked from a new address each time: by a crowd that meets no limit on requests. */
export function crowd(app: TestApp): TestApp {
  let asked = 0
  return { ...app, request: options => app.request({ ...options, remoteAddress: addressOf(asked++) }) }
}

function addressOf(index: number): string {
  return `10.1.${Math.floor(index / 250)}.${(index % 250) + 1}`
}

/** Signs up; an email is needed, a password has a default. Gives Auth. */
export function signUp(
  app: TestApp,
  fields: { email: string; [field: string]: unknown },
  options: Call = {},
): Promise<Json> {
  return okClient(app, 'POST', '/auth/signup', { body: { password: PASSWORD, ...fields }, ...options })
}

/** Signs up, and gives the token. */
export async function tokenFor(app: TestApp, email: string, options: Call = {}): Promise<string> {
  return (await signUp(app, { email }, options)).tokens.accessToken
}

export function tryLogin(app: TestApp, email: string, password: string, options: Call = {}): Promise<Reply> {
  return callClient(app, 'POST', '/auth/login', { body: { email, password }, ...options })
}

/** Logs in, and gives the token. */
export async function loginToken(
  app: TestApp,
  email: string,
  password: string = PASSWORD,
  options: Call = {},
): Promise<string> {
  const { status, body } = await tryLogin(app, email, password, options)
  assert.equal(status, 200, JSON.stringify(body))
  return body.data.tokens.accessToken
}

export function logOut(app: TestApp, token: string, options: Call = {}): Promise<Json> {
  return okClient(app, 'POST', '/member/logout', { token, ...options })
}

/** Whether the client API takes the token. */
export async function isLive(app: TestApp, token: string, options: Call = {}): Promise<boolean> {
  return (await okClient(app, 'GET', '/member', { token, ...options })) !== null
}

/** Asserts for each token in turn whether the client API takes it. */
export async function assertLive(app: TestApp, expected: boolean[], tokens: string[]): Promise<void> {
  const found = await Promise.all(tokens.map(token => isLive(app, token)))
  assert.deepEqual(found, expected)
}

/** The answer of REST `verify-token`, by default with the secret key of Acme's sandbox. */
export function verifyToken(app: TestApp, token: unknown, key: string = keys.acme): Promise<Reply> {
  return call(app, 'POST', '/members/verify-token', { key, body: { token } })
}

/** Section 10: what sign-up and logins answer; `tokens` of its own form, and the rest of it. */
export function assertAuth(auth: Json, expected: { member: object; redirect?: string }): void {
  const { tokens, ...rest } = auth
  const { accessToken, ...about } = tokens
  assert.deepEqual(about, { expires: Number(decodeJwt(accessToken).exp) * 1000, type: 'bearer' })
  assert.deepEqual(rest, { member: expected.member, redirect: expected.redirect ?? '', contentGroups: [] })
}

interface ClientFields {
  id: string
  email: string
  hasPassword?: boolean
  [field: string]: unknown
}

/** The member as the client API shows it, with what differs from one that has just signed up. */
export function clientRecord(fields: ClientFields): Record<string, unknown> {
  const { email, hasPassword = true, ...rest } = fields
  const { json: _, ...record } = memberRecord({ lastLogin: START, ...rest })
  return { ...record, auth: { email, hasPassword, providers: [] }, teams: { ownedTeams: [], joinedTeams: [] } }
}

/** Asks for a code. The clock moves on a little, so that mails have an order. */
function send(app: TestApp, path: string, options: Call): Promise<Json> {
  app.clock.advance(1)
  return okClient(app, 'POST', path, options)
}

/** The code in the one mail that `path` sends to this email. */
export async function mailedCode(app: TestApp, path: string, email: string, options: Call = {}): Promise<string> {
  const before = await app.mailsTo(email)
  await send(app, path, { body: { email }, ...options })
  const [mail, ...older] = await app.mailsTo(email)
  assert.equal(older.length, before.length, 'one mail')
  return codeIn(mail?.text ?? '')
}

/** The six digits in a mail's text, which holds no others. */
export function codeIn(text: string): string {
  const codes = text.match(/(?<![0-9A-Za-z])\d{6}(?![0-9A-Za-z])/g) ?? []
  assert.equal(codes.length, 1, text)
  return codes[0] ?? ''
}

/** Another code than this one; `step` tells several apart. */
export function otherThan(code: string, step = 1): string {
  return String((Number(code) + step) % 1_000_000).padStart(6, '0')
}

/** A limit of section 10 on tries, not on requests: the answer of section 11, and when one may try again. */
export function assertTooMany({ status, body, headers }: Reply, retryAfterMs: number): void {
  assert.equal(status, 429, JSON.stringify(body))
  assert.deepEqual(body, { code: 'generic-message', message: 'Too many requests, please try again later.' })
  assert.equal(Number(headers['retry-after']), retryAfterMs / 1000)
}

/** A route of the client API, with a body that it takes. */
export interface ClientRoute {
  method: Method
  path: string
  body?: object
}

/** Those that need a member's token: ● in section 10. */
export const memberRoutes: ClientRoute[] = [
  { method: 'POST', path: '/auth/send-email-verification' },
  { method: 'POST', path: '/auth/verify-email', body: { token: '123456' } },
  { method: 'POST', path: '/member', body: { customFields: { a: 1 } } },
  { method: 'DELETE', path: '/member' },
  { method: 'POST', path: '/member-auth', body: { email: 'other@acme.example' } },
  { method: 'POST', path: '/member/set-password', body: { password: NEW_PASSWORD } },
  { method: 'GET', path: '/member/json' },
  { method: 'POST', path: '/member/json', body: { json: { a: 1 } } },
  { method: 'POST', path: '/member/plans/add', body: { planId: plans.free.id } },
  { method: 'POST', path: '/member/plans/remove', body: { planId: plans.free.id } },
]

/** Those that answer without one. */
export const openRoutes: ClientRoute[] = [
  { method: 'POST', path: '/auth/signup', body: { email: 'open@acme.example', password: PASSWORD } },
  { method: 'POST', path: '/auth/login', body: { email: 'open@acme.example', password: PASSWORD } },
  { method: 'POST', path: '/auth/passwordless/signup/send', body: { email: 'new@acme.example' } },
  { method: 'POST', path: '/auth/passwordless/login/send', body: { email: 'open@acme.example' } },
  { method: 'POST', path: '/auth/send-reset-password-email', body: { email: 'open@acme.example' } },
  { method: 'GET', path: '/member' },
  { method: 'POST', path: '/member/logout' },
  { method: 'GET', path: '/app' },
  { method: 'GET', path: `/app/plans/${plans.free.id}` },
  { method: 'GET', path: '/app/plans?status=ALL' },
  { method: 'GET', path: '/app/content-groups' },
  { method: 'POST', path: '/app-member', body: { data: { page: '/' } } },
  { method: 'GET', path: '/app-member' },
  { method: 'POST', path: '/page-view', body: { data: { page: '/' } } },
  { method: 'POST', path: '/event', body: { name: 'opened' } },
]

/** Those that a wrong code fails. */
export const codeRoutes: ClientRoute[] = [
  { method: 'POST', path: '/auth/passwordless/login', body: { email: 'x@acme.example', passwordlessToken: '123456' } },
  {
    method: 'POST',
    path: '/auth/signup?isPasswordless=true',
    body: { email: 'x@acme.example', passwordlessToken: '123456' },
  },
  { method: 'POST', path: '/auth/reset-password', body: { token: '123456', newPassword: NEW_PASSWORD } },
]

/** One request to a route of the tables above. */
export function callRoute(app: TestApp, { method, path, body }: ClientRoute, options: Call = {}): Promise<Reply> {
  return callClient(app, method, path, { ...(body === undefined ? {} : { body }), ...options })
}

/** What Memberstack has and Understudy does not: the last list of section 10. */
export const outOfScope: ClientRoute[] = [
  { method: 'GET', path: '/v1/data-tables' },
  { method: 'GET', path: '/v1/data-tables/notes' },
  { method: 'POST', path: '/v1/data-records', body: { table: 'notes', data: {} } },
  { method: 'PUT', path: '/v1/data-records/rec_1', body: { data: {} } },
  { method: 'DELETE', path: '/v1/data-records/rec_1' },
  { method: 'POST', path: '/v1/data-records/query', body: {} },
  { method: 'GET', path: '/v2/data-tables' },
  { method: 'POST', path: '/v2/data-tables/notes/records', body: {} },
  { method: 'GET', path: '/member/team/team_1' },
  { method: 'POST', path: '/member/team/join', body: {} },
  { method: 'GET', path: '/comments/channel/general' },
  { method: 'POST', path: '/comments/post', body: {} },
  { method: 'POST', path: '/member/plans/create-checkout-session', body: { priceId: 'prc_gold' } },
  { method: 'POST', path: '/member/plans/purchase', body: {} },
  { method: 'POST', path: '/member/plans/replace', body: {} },
  { method: 'POST', path: '/member/plans/cancel', body: {} },
  { method: 'POST', path: '/member/create-billing-portal-session', body: {} },
  { method: 'GET', path: '/member/cards' },
  { method: 'DELETE', path: '/member/cards/card_1' },
  { method: 'GET', path: '/member/invoices' },
  { method: 'GET', path: '/member/receipts' },
  { method: 'POST', path: '/payment/intent', body: {} },
  { method: 'GET', path: '/payment/anything/below' },
  { method: 'GET', path: '/auth-provider/google' },
  { method: 'GET', path: '/auth/providers' },
  { method: 'POST', path: '/member/disconnect-provider', body: { provider: 'google' } },
  { method: 'POST', path: '/member/profile-image' },
  { method: 'PUT', path: '/member/profile-image' },
  { method: 'GET', path: '/secure-content' },
]

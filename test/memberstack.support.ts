// What Memberstack scenarios share: two apps to start from, calls on the Admin and the client API, and what they answer
// by the tables of contract sections 1, 4 and 11, written out anew here.

import assert from 'node:assert/strict'
import { OPERATOR_TOKEN, operatorOf } from './operator.ts'
import type { TestApp } from './support.ts'

/** When the app's clock starts, as the wire writes it. */
export const START = '2026-03-04T09:30:00.000Z'

export const ids = {
  acme: 'app_cacme0000000000000000000a',
  globex: 'app_cglobex00000000000000000g',
  ada: 'mem_sb_cada000000000000000000001',
  ben: 'mem_sb_cben000000000000000000002',
  adaLive: 'mem_cada000000000000000000003',
  adaGlobex: 'mem_sb_cada000000000000000000004',
}

export const keys = {
  acme: 'sk_sb_acme',
  acmeLive: 'sk_live_acme',
  acmePublic: 'pk_sb_acme',
  acmeLivePublic: 'pk_live_acme',
  globex: 'sk_sb_globex',
  globexLive: 'sk_globex',
  globexPublic: 'pk_sb_globex',
  globexLivePublic: 'pk_globex',
}

/** So high that no scenario meets it. */
export const unlimited = { perSecond: 1_000_000 }

/** Ada's in every environment; Ben has none. */
export const PASSWORD = 'correct horse battery'

/** One of every kind that section 7 tells apart. */
export const plans = {
  free: { id: 'pln_free', name: 'Reader', type: 'FREE', permissions: ['view:library'] },
  plus: { id: 'pln_plus', name: 'Reader plus', type: 'FREE', permissions: ['view:library', 'view:archive'] },
  staff: { id: 'pln_staff', name: 'Staff', type: 'FREE', permissions: ['edit:library'], restrictToAdmin: true },
  retired: { id: 'pln_retired', name: 'Retired', type: 'FREE', status: 'INACTIVE' },
  paid: { id: 'pln_paid', name: 'Gold', type: 'SUBSCRIPTION', permissions: ['view:gold'] },
  once: { id: 'pln_once', name: 'Lifetime', type: 'ONETIME' },
  sandboxOnly: { id: 'pln_sandbox_only', name: 'Trial', type: 'FREE', environment: 'sandbox' },
  liveOnly: { id: 'pln_live_only', name: 'Launch', type: 'FREE', environment: 'live' },
}

/** In Acme's sandbox, beside Ben, who has neither a plan nor a password. */
export const ada = {
  id: ids.ada,
  email: 'Ada@acme.example',
  password: PASSWORD,
  plans: [plans.free.id],
  permissions: ['view:start', 'view:library'],
  customFields: { 'first-name': 'Ada', country: 'Sweden' },
  metaData: { source: 'import' },
  json: { score: 3 },
  loginRedirect: '/ada-welcome',
  stripeCustomerId: 'cus_ada',
}

export const ben = { id: ids.ben, email: 'ben@acme.example' }

/** With members in both environments; in both there is an Ada. */
export const acme = {
  id: ids.acme,
  name: 'Acme Club',
  keys: {
    sandboxSecret: keys.acme,
    liveSecret: keys.acmeLive,
    sandboxPublic: keys.acmePublic,
    livePublic: keys.acmeLivePublic,
  },
  settings: { rateLimit: unlimited },
  plans: Object.values(plans),
  members: { sandbox: [ada, ben], live: [{ id: ids.adaLive, email: 'ada@acme.example', password: PASSWORD }] },
}

/** Another tenant, with a plan of its own and an Ada. */
export const globex = {
  id: ids.globex,
  name: 'Globex',
  keys: {
    sandboxSecret: keys.globex,
    liveSecret: keys.globexLive,
    sandboxPublic: keys.globexPublic,
    livePublic: keys.globexLivePublic,
  },
  settings: { rateLimit: unlimited },
  plans: [{ id: 'pln_globex', name: 'Globex free', type: 'FREE' }],
  members: { sandbox: [{ id: ids.adaGlobex, email: 'ada@acme.example', password: PASSWORD }] },
}

/** A seed with these apps and a token for the control API. */
export function seedOf(...apps: object[]): string {
  const control = { tokens: [{ name: 'operator', scope: 'admin', token: OPERATOR_TOKEN }] }
  return JSON.stringify({ memberstack: { apps }, webhooks: { allowPrivateAddresses: true }, control })
}

/** Acme with these settings beside its limit. */
export function acmeWith(settings: object, more: object = {}): object {
  return { ...acme, settings: { ...acme.settings, ...settings }, ...more }
}

export const SEED = seedOf(acme, globex)

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT' | 'HEAD' | 'OPTIONS'

export interface Call {
  /** An object is sent as JSON with its content type; text and bytes as they are, without one. */
  body?: object | string | Buffer
  /** `X-API-KEY`. Null: none. */
  key?: string | null
  /** A member's token, sent as bearer. */
  token?: string
  /** The page that asks. */
  origin?: string
  headers?: Record<string, string>
}

/** What a JSON answer holds; a scenario's assertions prove it. */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Json = any

export interface Reply {
  status: number
  headers: Record<string, string | string[] | number | undefined>
  /** The parsed JSON; the text itself where the answer is plain text; undefined where there is none. */
  body: Json
}

/** One request, and what every answer must have. By default with Acme's secret key of the sandbox. */
export async function call(app: TestApp, method: Method, path: string, options: Call = {}): Promise<Reply> {
  const { body, key = keys.acme, token, origin, headers = {} } = options
  const isJson = body !== undefined && typeof body === 'object' && !Buffer.isBuffer(body)
  const { statusCode: status, ...reply } = await app.request({
    method,
    url: path,
    headers: {
      ...(key === null ? {} : { 'x-api-key': key }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(origin === undefined ? {} : { origin }),
      ...(isJson ? { 'content-type': 'application/json' } : {}),
      ...headers,
    },
    ...(body === undefined ? {} : { payload: isJson ? JSON.stringify(body) : body }),
  })
  const answer = { status, headers: reply.headers, body: readBody(reply.headers, reply.body) }
  if (method !== 'HEAD' && status !== 204) assertEnvelope(answer)
  if (path.startsWith('/members')) assertNoCors(answer)
  return answer
}

/** As `call`, with Acme's public key of the sandbox. */
export function callClient(app: TestApp, method: Method, path: string, options: Call = {}): Promise<Reply> {
  return call(app, method, path, { key: keys.acmePublic, ...options })
}

function readBody(headers: Reply['headers'], text: string): Json {
  if (text === '') return undefined
  return /^application\/json\b/.test(String(headers['content-type'])) ? JSON.parse(text) : text
}

/** As `call`, of which a success is expected. Gives the body; `data` of it, where that is all there is. */
export async function ok(app: TestApp, method: Method, path: string, options: Call = {}): Promise<Json> {
  return dataOf(await call(app, method, path, options))
}

/** As `ok`, with Acme's public key of the sandbox. */
export async function okClient(app: TestApp, method: Method, path: string, options: Call = {}): Promise<Json> {
  return dataOf(await callClient(app, method, path, options))
}

function dataOf({ status, body }: Reply): Json {
  assert.equal(status, 200, JSON.stringify(body))
  return Object.keys(body).length === 1 ? body.data : body
}

let membersMade = 0

/** Makes a member by Admin; an email and a password are made up where not given. */
export function createMember(app: TestApp, fields: object = {}, options: Call = {}): Promise<Json> {
  const made = { email: `member-${++membersMade}@acme.example`, password: PASSWORD }
  return ok(app, 'POST', '/members', { body: { ...made, ...fields }, ...options })
}

export function getMember(app: TestApp, idOrEmail: string, options: Call = {}): Promise<Json> {
  return ok(app, 'GET', `/members/${encodeURIComponent(idOrEmail)}`, options)
}

/** Logs a member in by the client API; gives the answer's data: `tokens`, `member`, `redirect`, `contentGroups`. */
export function login(app: TestApp, email: string, password: string = PASSWORD, options: Call = {}): Promise<Json> {
  return okClient(app, 'POST', '/auth/login', { body: { email, password }, ...options })
}

/** Section 1: what every answer is, on both APIs. */
export function assertEnvelope({ status, headers, body }: Reply): void {
  const type = String(headers['content-type'])
  if (status === 200 && body === 'OK') {
    assert.match(type, /^text\/plain\b/)
    return
  }
  assert.match(type, /^application\/json\b/)
  assert.ok(body !== null && typeof body === 'object' && !Array.isArray(body), JSON.stringify(body))
  assert.ok(!('error' in body))
  if (status === 200) {
    assert.ok('data' in body || 'keys' in body, JSON.stringify(body))
    return
  }
  assert.ok(status >= 400, `status ${status}`)
  assert.deepEqual(Object.keys(body).toSorted(), ['code', 'message'])
  assert.match(body.code, /^(INVALID_TOKEN|[a-z]+([-/][a-z]+)+)$/)
  assert.ok(typeof body.message === 'string' && body.message !== '')
  assert.doesNotMatch(body.message, /FST_|node_modules|\.ts\b|SQLITE|Error:|stack/)
}

/** Section 10: Admin routes send no CORS headers. */
export function assertNoCors({ headers }: Pick<Reply, 'headers'>): void {
  const sent = Object.keys(headers).filter(name => name.startsWith('access-control-'))
  assert.deepEqual(sent, [])
}

/** Section 11 (and 7, 8, 10): status, code, and the message where it is said. */
const refusals = {
  secretKeyMissing: [400, 'validation/invalid-secret-key', 'The provided secret key is invalid.'],
  secretKeyUnknown: [401, 'validation/invalid-secret-key', 'The provided secret key is invalid.'],
  publicKeyMissing: [400, 'app-not-found', 'Application not found.'],
  publicKeyUnknown: [401, 'app-not-found', 'Application not found.'],
  invalidJson: [400, 'validation/invalid-json', 'The request body is not valid JSON.'],
  noSuchMember: [400, 'generic-message', 'There is no member with this identifier.'],
  badField: [400, 'generic-message', undefined],
  requiredFieldMissing: [400, 'required-field-missing', undefined],
  invalidEmail: [400, 'invalid-email', 'The email address format is invalid.'],
  emailTaken: [400, 'email-already-in-use', 'An account with this email already exists.'],
  passwordTooShort: [400, 'invalid-password-too-short', 'Password must be at least 8 characters.'],
  wrongPassword: [400, 'invalid-password', 'The password is incorrect.'],
  planNotFree: [400, 'plan-not-free', undefined],
  planNotFound: [400, 'plan-not-found', undefined],
  noPlanFound: [400, 'no-plan-found', undefined],
  planRestricted: [400, 'plan-restricted-to-admin', undefined],
  invalidToken: [400, 'INVALID_TOKEN', 'Invalid token'],
  loginRequired: [401, 'login-required', undefined],
  badToken: [401, 'client/invalid-token', undefined],
  invalidCredentials: [401, 'invalid-credentials', 'The provided credentials are invalid.'],
  memberLimit: [400, 'test-mode-member-limit-reached', undefined],
  accessDenied: [403, 'access-denied', undefined],
  memberNotFound: [400, 'member-not-found', undefined],
  wrongPasswordlessCode: [400, 'invalid-passwordless-login-code', undefined],
  wrongResetCode: [400, 'invalid-reset-code', undefined],
  wrongVerificationCode: [400, 'invalid-verification-code', undefined],
  rateLimited: [429, 'generic-message', 'Too many requests, please try again later.'],
  stripeFailed: [502, 'stripe-request-failed', 'Stripe could not complete the request; the member was not deleted.'],
  notFound: [404, 'generic-message', undefined],
  tooLarge: [413, 'generic-message', undefined],
  internal: [500, 'generic-message', undefined],
} as const

export type Refusal = keyof typeof refusals

/** The whole answer of a refusal. Where the message is free, it holds each of `texts`: a field's name, a path. */
export function assertRefused(reply: Reply, refusal: Refusal, ...texts: string[]): void {
  const [status, code, message] = refusals[refusal]
  assert.deepEqual([reply.status, reply.body?.code], [status, code], JSON.stringify(reply.body))
  if (message !== undefined) assert.equal(reply.body.message, message)
  for (const text of texts) assert.ok(reply.body.message.includes(text), `${text} in: ${reply.body.message}`)
  assert.equal(reply.headers['retry-after'], status === 429 ? '1' : undefined)
}

/** Section 4: the whole member as Admin shows a single one, with what differs from a fresh one. */
export function memberRecord(fields: object): Json {
  return {
    createdAt: START,
    lastLogin: null,
    verified: false,
    customFields: {},
    metaData: {},
    json: {},
    permissions: [],
    loginRedirect: null,
    stripeCustomerId: null,
    profileImage: null,
    planConnections: [],
    ...fields,
  }
}

/** The connection of a free plan that is held; its id is the caller's. */
export function freeConnection(id: string, { id: planId, name }: { id: string; name: string }): object {
  return { id, active: true, status: 'ACTIVE', planId, planName: name, type: 'FREE', payment: null }
}

/** Asserts that `member` is Ada as seeded; her connection's id is made, its form is checked. */
export function assertAda(member: Json): void {
  const [connection] = member.planConnections
  assert.match(connection.id, CONNECTION_ID)
  const { password: _, plans: __, email, ...fields } = ada
  assert.deepEqual(
    member,
    memberRecord({
      ...fields,
      auth: { email },
      permissions: ['view:start', 'view:library'],
      planConnections: [freeConnection(connection.id, plans.free)],
    }),
  )
}

export const MEMBER_ID = /^mem_sb_c[a-z0-9]{24}$/
export const LIVE_MEMBER_ID = /^mem_c[a-z0-9]{24}$/
export const CONNECTION_ID = /^con_c[a-z0-9]{24}$/

/** A call on the control API that must succeed; `path` is below `/understudy/v1`. Gives its answer's body. */
export async function control<T = Json>(
  app: TestApp,
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT',
  path: string,
  body?: object,
): Promise<T> {
  const answer = await operatorOf(app).call<T>(method, path, body)
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  return answer.body
}

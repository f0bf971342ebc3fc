// What AfterShip scenarios share: two organizations to start from, calls on the Members API, and what it answers by
// the tables of contract sections 2 and 3, written out anew here.

import assert from 'node:assert/strict'
import { OPERATOR_TOKEN, operatorOf } from './operator.ts'
import type { TestApp } from './support.ts'

export const BASE = '/admin/2022-01'
export const M = `${BASE}/memberships`

export const accounts = {
  olga: { id: 'acc_olga', email: 'Olga@Northwind.example' },
  rosa: { id: '7be1f09a4c2d4e5f8a6b3c1d0e9f8a7b', email: 'rosa@northwind.example' },
  ben: { id: 'acc_ben', email: 'ben@northwind.example' },
  liu: { id: 'e2d1c0b9a8f74e6d5c4b3a2918f7e6d5', email: 'liu@northwind.example' },
  mia: { id: 'acc_mia', email: 'mia@northwind.example' },
  uma: { id: 'acc_uma', email: 'uma@northwind.example', verified: false },
  sam: { id: 'acc_sam', email: 'sam@southwind.example' },
}

export const keys = {
  full: 'k_northwind',
  read: 'k_northwind_read',
  none: 'k_northwind_none',
  south: 'k_southwind',
}

/** Olga owns it, Rosa is admin, Ben member; Liu and Mia are registered, Uma never verified her email. */
export const northwind = {
  id: 'c41be07f5d0e4a0e8d1f2b9a6e73510c',
  name: 'Northwind',
  rateLimit: { perSecond: 1_000_000 },
  keys: [
    { name: 'full', mode: 'api_key', key: keys.full },
    { name: 'read', mode: 'api_key', key: keys.read, permission: 'read' },
    { name: 'none', mode: 'api_key', key: keys.none, permission: 'none' },
  ],
  memberships: [
    { id: 'mem_olga', email: accounts.olga.email, role: 'owner' },
    { id: 'mem_rosa', email: accounts.rosa.email, role: 'admin' },
    { id: 'mem_ben', email: accounts.ben.email, role: 'member' },
  ],
}

/** Another tenant; Ben belongs to it too. */
export const southwind = {
  id: 'org_southwind',
  name: 'Southwind',
  keys: [{ name: 'full', mode: 'api_key', key: keys.south }],
  memberships: [
    { id: 'mem_sam', email: accounts.sam.email, role: 'owner' },
    { id: 'mem_ben_south', email: accounts.ben.email, role: 'admin' },
  ],
}

/** A seed with all accounts, these organizations, and a token for the control API. */
export function seedOf(...organizations: object[]): string {
  const control = { tokens: [{ name: 'operator', scope: 'admin', token: OPERATOR_TOKEN }] }
  return JSON.stringify({ aftership: { accounts: Object.values(accounts), organizations }, control })
}

export interface WireMembership {
  id: string
  organization: { id: string }
  account: { id: string; email: string }
  role: { code: string; name: string }
}

export const members = {
  olga: memberOf('mem_olga', accounts.olga, { code: 'owner', name: 'Owner' }),
  rosa: memberOf('mem_rosa', accounts.rosa, { code: 'admin', name: 'Admin' }),
  ben: memberOf('mem_ben', accounts.ben, { code: 'member', name: 'Member' }),
}

export function memberOf(
  id: string,
  { id: accountId, email }: { id: string; email: string },
  role: { code: string; name: string },
): WireMembership {
  return { id, organization: { id: northwind.id }, account: { id: accountId, email }, role }
}

export interface Call {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT' | 'HEAD' | 'OPTIONS'
  path?: string
  /** An object is sent as JSON with its content type; text and bytes as they are, without one. */
  body?: object | string | Buffer
  /** Null: without a key. */
  key?: string | null
  headers?: Record<string, string>
}

export interface Reply {
  status: number
  headers: Record<string, string | string[] | number | undefined>
  body: { meta: { code: number; type: string; message: string; errors?: object[] }; data: unknown }
}

/** One request to the Members API, and what every answer of it must have. */
export async function call(app: TestApp, options: Call): Promise<Reply> {
  const { method = 'GET', path = M, body, key = keys.full, headers = {} } = options
  const isJson = body !== undefined && typeof body === 'object' && !Buffer.isBuffer(body)
  const reply = await app.request({
    method,
    url: path,
    headers: {
      ...(key === null ? {} : { 'as-api-key': key }),
      ...(isJson ? { 'content-type': 'application/json' } : {}),
      ...headers,
    },
    ...(body === undefined ? {} : { payload: isJson ? JSON.stringify(body) : body }),
  })
  assert.equal(reply.headers['content-type'], 'application/json; charset=utf-8')
  assert.match(String(reply.headers['as-trace-id']), /^[0-9a-f]{32}$/)
  assert.equal(reply.headers['cache-control'], 'no-store, no-cache, must-revalidate, proxy-revalidate')
  assert.equal(reply.headers['retry-after'], undefined)
  return { status: reply.statusCode, headers: reply.headers, body: reply.json() }
}

export function invite(app: TestApp, email: string, role = 'member', options: Call = {}): Promise<Reply> {
  return call(app, { method: 'POST', body: { account: { email }, role: { code: role } }, ...options })
}

const OK = { code: 200, type: 'OK', message: 'Everything worked as expected.' }
const CREATED = {
  code: 201,
  type: 'Created',
  message: 'The request was successful, we created a new resource and the response body contains the representation.',
}

/** The whole answer of a success: no member more, no member less. */
export function assertOk(reply: Reply, data: unknown): void {
  assert.deepEqual(reply.body, { meta: OK, data })
  assert.equal(reply.status, 200)
}

export function assertCreated(reply: Reply, membership: WireMembership): void {
  assert.deepEqual(reply.body, { meta: CREATED, data: { ...membership, membership } })
  assert.equal(reply.status, 201)
}

export function assertMembership(reply: Reply, membership: WireMembership): void {
  assertOk(reply, { ...membership, membership })
}

/** A whole list of which this is the only page. */
export function assertList(reply: Reply, memberships: WireMembership[]): void {
  assertPage(reply, memberships, { page: 1, limit: 100, total: memberships.length })
}

export function assertPage(
  reply: Reply,
  memberships: WireMembership[],
  pagination: { page: number; limit: number; total: number },
): void {
  assertOk(reply, { memberships, pagination, parameter_string: '' })
}

/** The id of the membership that a reply is about. */
export function idIn(reply: Reply): string {
  assert.ok(reply.body.data && typeof reply.body.data === 'object' && 'id' in reply.body.data)
  return String(reply.body.data.id)
}

/** Status, `meta.code`, `meta.type` and `meta.message` of every refusal: the table of contract section 2. */
const refusals = {
  malformed: [400, 400, 'BadRequest', 'The request body is an invalid JSON.'],
  unauthorized: [401, 401, 'Unauthorized', 'The API key is invalid.'],
  forbidden: [403, 403, 'Forbidden', 'The request is understood, but it has been refused or access is not allowed.'],
  notFound: [404, 404, 'NotFound', 'The URI requested is invalid or the resource requested does not exist.'],
  conflict: [
    409,
    409,
    'Conflict',
    'The request conflicts with another request (perhaps due to using the same idempotent key).',
  ],
  tooLarge: [413, 413, 'PayloadTooLarge', 'The request body is too large.'],
  invalid: [
    422,
    422,
    'UnprocessableEntity',
    'The data given in the request failed validation. Inspect the response for details.',
  ],
  accountUnknown: [422, 10001, 'UnprocessableEntity', 'The account with the given email does not exist in the system.'],
  roleUnknown: [422, 10002, 'UnprocessableEntity', 'Role does not exist.'],
  noSeats: [422, 10003, 'UnprocessableEntity', 'No available member seats.'],
  accountUnverified: [422, 10004, 'UnprocessableEntity', 'Account email is unverified.'],
  rateLimited: [
    429,
    429,
    'TooManyRequests',
    'You have exceeded the API call rate limit. The default limit is 10 requests per second.',
  ],
  internal: [
    500,
    500,
    'InternalError',
    "Something went wrong on AfterShip's end.  Also, some error that cannot be retried happened on an external system that this call relies on.",
  ],
} as const

export type Refusal = keyof typeof refusals

/** The whole answer of a refusal. `errors` are written as `account.email is required`, in the order expected. */
export function assertRefused(reply: Reply, refusal: Refusal, ...errors: string[]): void {
  const [status, code, type, message] = refusals[refusal]
  const listed = errors.map(info => ({ path: info.split(' ', 1)[0], info }))
  assert.deepEqual(reply.body, { meta: { code, type, message, errors: listed }, data: {} })
  assert.equal(reply.status, status)
}

/** A call on the control API that must succeed; its answer's body. */
export async function control<T>(
  app: TestApp,
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  path: string,
  body?: object,
): Promise<T> {
  const answer = await operatorOf(app).call<T>(method, path, body)
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`)
  return answer.body
}

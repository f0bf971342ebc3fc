// What EasyPost scenarios share: two parents to start from, calls on the User API, and what it answers by the tables of
// contract sections 4, 7, 11 and 12, written out anew here.

import assert from 'node:assert/strict'
import { OPERATOR_TOKEN } from './operator.ts'
import type { TestApp } from './support.ts'

export const V2 = '/v2'

/** When the app's clock starts, as the wire writes it. */
export const START = '2026-03-04T09:30:00Z'

export const ids = {
  acme: 'user_0a1b2c3d4e5f40718293a4b5c6d7e8f9',
  desk: 'user_11111111111111111111111111111111',
  shop: 'user_22222222222222222222222222222222',
  globex: 'user_99999999999999999999999999999999',
  lab: 'user_88888888888888888888888888888888',
}

export const keys = {
  acme: 'EZAKacme',
  acmeTest: 'EZTKacme',
  desk: 'EZAKdesk',
  deskTest: 'EZTKdesk',
  shop: 'EZAKshop',
  shopTest: 'EZTKshop',
  globex: 'EZAKglobex',
  globexTest: 'EZTKglobex',
  lab: 'EZAKlab',
  labTest: 'EZTKlab',
}

/** So high that no scenario meets it. */
const unlimited = { listPerSecond: 1_000_000, perSecond: 1_000_000 }

/** A parent with two children, the desk older than the shop. */
export const acme = {
  id: ids.acme,
  name: 'Acme Corp',
  email: 'Admin@acme.example',
  balance: '100.00',
  rateLimit: unlimited,
  keys: { test: keys.acmeTest, production: keys.acme },
  children: [
    {
      id: ids.desk,
      name: 'Returns desk',
      email: 'desk@acme.example',
      recharge_amount: '50.00',
      keys: { test: keys.deskTest, production: keys.desk },
    },
    { id: ids.shop, name: 'Shop', keys: { test: keys.shopTest, production: keys.shop } },
  ],
}

/** Another parent, with a child of its own. */
export const globex = {
  id: ids.globex,
  name: 'Globex',
  email: 'admin@globex.example',
  rateLimit: unlimited,
  keys: { test: keys.globexTest, production: keys.globex },
  children: [{ id: ids.lab, name: 'Lab', keys: { test: keys.labTest, production: keys.lab } }],
}

/** A seed with these parents and a token for the control API. */
export function seedOf(...users: object[]): string {
  const control = { tokens: [{ name: 'operator', scope: 'admin', token: OPERATOR_TOKEN }] }
  return JSON.stringify({ easypost: { users }, webhooks: { allowPrivateAddresses: true }, control })
}

export const SEED = seedOf(acme, globex)

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT' | 'HEAD' | 'OPTIONS'

export interface Call {
  /** An object is sent as JSON with its content type; text and bytes as they are, without one. */
  body?: object | string | Buffer
  /** By default Acme's production key. Null: without a key. */
  key?: string | null
  headers?: Record<string, string>
}

/** What a JSON answer holds; a scenario's assertions prove it. */
// biome-ignore lint/suspicious/noExplicitAny: see above
export type Json = any

export interface Reply {
  status: number
  headers: Record<string, string | string[] | number | undefined>
  body: Json
}

/** One request to the User API, and what every answer of it must have. `path` is below `/v2`. */
export async function call(app: TestApp, method: Method, path: string, options: Call = {}): Promise<Reply> {
  const { body, key = keys.acme, headers = {} } = options
  const isJson = body !== undefined && typeof body === 'object' && !Buffer.isBuffer(body)
  const reply = await app.request({
    method,
    url: V2 + path,
    headers: {
      ...(key === null ? {} : { authorization: basic(key) }),
      ...(isJson ? { 'content-type': 'application/json' } : {}),
      ...headers,
    },
    ...(body === undefined ? {} : { payload: isJson ? JSON.stringify(body) : body }),
  })
  assertHeaders(reply.headers)
  if (reply.statusCode === 204) {
    assert.equal(reply.body, '')
    assert.equal(reply.headers['content-type'], undefined)
    return { status: 204, headers: reply.headers, body: undefined }
  }
  assert.equal(reply.headers['content-type'], 'application/json; charset=utf-8')
  if (method !== 'HEAD') assert.equal(Number(reply.headers['content-length']), Buffer.byteLength(reply.rawPayload))
  return { status: reply.statusCode, headers: reply.headers, body: method === 'HEAD' ? undefined : reply.json() }
}

/** As `call`, of which a success with this status is expected. Gives the body. */
export async function ok(app: TestApp, method: Method, path: string, options: Call = {}, status = 200): Promise<Json> {
  const reply = await call(app, method, path, options)
  assert.equal(reply.status, status, JSON.stringify(reply.body))
  return reply.body
}

export function basic(key: string): string {
  return `Basic ${Buffer.from(`${key}:`).toString('base64')}`
}

/** Makes a child of Acme. */
export function createChild(app: TestApp, fields: object, options: Call = {}): Promise<Json> {
  return ok(app, 'POST', '/users', { body: { user: fields }, ...options }, 201)
}

/** Section 12. */
export function assertHeaders(headers: Reply['headers']): void {
  assert.match(String(headers['x-ep-request-uuid']), /^[0-9a-f]{32}$/)
  assert.match(String(headers['x-runtime']), /^\d+\.\d{6}$/)
  assert.match(String(headers['x-version-label']), /^understudy-\d/)
  const constant = {
    'cache-control': 'private, no-cache, no-store',
    pragma: 'no-cache',
    expires: '0',
    'x-frame-options': 'SAMEORIGIN',
    'x-content-type-options': 'nosniff',
    'x-download-options': 'noopen',
    'x-permitted-cross-domain-policies': 'none',
    'x-xss-protection': '1; mode=block',
    'referrer-policy': 'strict-origin-when-cross-origin',
    'strict-transport-security': undefined,
  }
  for (const [name, value] of Object.entries(constant)) assert.equal(headers[name], value, name)
  for (const absent of ['link', 'location', 'x-request-id', 'transfer-encoding', 'ratelimit-limit']) {
    assert.equal(headers[absent], undefined, absent)
  }
}

/** Section 11: code to status and message. */
const errors: Record<string, [number, string]> = {
  BAD_REQUEST: [400, 'Malformed request. Please check the contents and retry.'],
  UNAUTHORIZED: [401, 'An API key is required to access this resource.'],
  'APIKEY.INACTIVE': [403, 'This api key is no longer active. Please use a different api key or reactivate this key.'],
  'MODE.UNAUTHORIZED': [403, 'This resource requires a production API Key to access.'],
  'USER.PARENT.INVALID': [403, 'A child user cannot have child users.'],
  FORBIDDEN: [403, 'You are not allowed to perform this action.'],
  NOT_FOUND: [404, 'The requested resource could not be found.'],
  'PAYLOAD.NOT_FOUND': [404, 'The payload(s) could not be found.'],
  METHOD_NOT_ALLOWED: [405, 'The requested method is not allowed for this resource.'],
  'PARAMETER.REQUIRED': [422, 'Missing required parameter.'],
  'PARAMETER.INVALID_TYPE': [422, 'Wrong parameter type.'],
  'USER.INVALID': [422, 'The parameters you provided are invalid.'],
  'WEBHOOK.INVALID_PARAMS': [422, 'The parameters you provided are invalid.'],
  UNPROCESSABLE_ENTITY: [422, 'The request was understood, but cannot be processed.'],
  RATE_LIMITED: [
    429,
    'Your account has been temporarily rate-limited due to excessive resource consumption. Please contact Support if you believe this is in error.',
  ],
}

/** The whole answer of a refusal; `fields` are `[field, message]`. */
export function assertRefused(reply: Reply, code: string, ...fields: [string, string][]): void {
  const [status, message] = errors[code] ?? [0, '']
  const found = fields.map(([field, text]) => ({ field, message: text }))
  assert.deepEqual(reply.body, { error: { code, message, errors: found } })
  assert.equal(reply.status, status)
  assert.equal(reply.headers['www-authenticate'], status === 401 ? 'Basic realm="api"' : undefined)
  assert.equal(reply.headers['retry-after'], status === 429 ? '1' : undefined)
}

/** Section 4: the whole child record, with what differs from a fresh one. */
export function childRecord(fields: object): object {
  return {
    object: 'User',
    parent_id: ids.acme,
    email: null,
    phone_number: '8005550100',
    recharge_amount: null,
    secondary_recharge_amount: null,
    recharge_threshold: null,
    verified: true,
    created_at: START,
    updated_at: START,
    default_carbon_offset: false,
    has_elevate_access: false,
    ...fields,
  }
}

export const deskRecord = childRecord({
  id: ids.desk,
  name: 'Returns desk',
  email: 'desk@acme.example',
  recharge_amount: '50.00',
})
export const shopRecord = childRecord({ id: ids.shop, name: 'Shop' })

/** Section 4: the whole parent record of Acme. */
export function acmeRecord(fields: object = {}): object {
  return {
    ...childRecord({}),
    id: ids.acme,
    parent_id: null,
    name: 'Acme Corp',
    email: 'Admin@acme.example',
    phone_number: null,
    recharge_amount: '100.00',
    secondary_recharge_amount: '100.00',
    recharge_threshold: '0.00',
    balance: '100.00',
    price_per_shipment: '0.00000',
    cc_fee_rate: '0.0325',
    insurance_fee_rate: '0.005',
    insurance_fee_minimum: '0.50',
    default_insurance_amount: '50.00',
    has_billing_method: false,
    children: [deskRecord, shopRecord],
    ...fields,
  }
}

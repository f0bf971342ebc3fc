// What each vendor has for the tests that hold for all of them: its dialect of the same refusals.

import assert from 'node:assert/strict'
import type { VendorName } from '../src/vendors/vendor.ts'
import { keys, M, northwind, seedOf, southwind } from './aftership.support.ts'
import {
  acme,
  assertHeaders as assertEasypostHeaders,
  basic,
  seedOf as easypostSeed,
  globex,
  ids,
} from './easypost.support.ts'
import {
  assertEnvelope as assertMemberstackEnvelope,
  assertNoCors,
  acme as memberstackAcme,
  globex as memberstackGlobex,
  ids as memberstackIds,
  keys as memberstackKeys,
  seedOf as memberstackSeed,
} from './memberstack.support.ts'
import type { SocketReply, SocketRequest } from './socket.ts'

export type Refused =
  | 'unauthenticated'
  | 'inactive'
  | 'foreign'
  | 'brokenPath'
  | 'notFound'
  | 'wrongMethod'
  | 'malformed'
  | 'bodyTooLarge'
  | 'headersTooLarge'
  | 'rateLimited'

/** Headers by name: no vendor needs one twice. */
export interface NamedRequest extends SocketRequest {
  headers?: Record<string, string>
}

export interface Subject {
  /** Two tenants; what `keys` names; a token for the control API. */
  seed: string
  keys: { good: string; disabled: string; limited: string }
  /** How many requests `limited` has before it is refused. */
  limit: number
  /** The headers that carry a key. */
  auth(key: string): Record<string, string>
  /** Reads something of the own tenant: 200. */
  read: NamedRequest
  /** Requests for what belongs to the other tenant. */
  foreign: NamedRequest[]
  /** Existing paths with methods that they do not have. */
  wrongMethods: NamedRequest[]
  unknownPath: string
  /** Takes a JSON body. */
  write: { method: string; path: string }
  /** Paths with a broken percent escape, in an id and elsewhere. */
  brokenPaths: string[]
  /** Keys that cannot be one, so that they count as none. */
  malformedKeys: string[]
  /** `unauthenticated`: no key; `inactive`: one that is unknown or disabled; `foreign`: another tenant's. */
  statusOf: Record<Refused, number>
  /** When a body is read: before all else; after credentials and route; the same, but a GET's not at all. */
  bodyRead: 'first' | 'later' | 'whereTaken'
  /** Whether an unknown path is told before all else, key and limit too. */
  pathFirst: boolean
  /** Asserts that a refusal wears the vendor's envelope. */
  assertEnvelope(reply: SocketReply): void
  /** Asserts the headers that every answer has; returns the request's id among them, if the vendor tells it. */
  assertHeaders(headers: SocketReply['headers']): string | undefined
}

const aftership: Subject = {
  seed: seedOf(
    {
      ...northwind,
      keys: [
        { name: 'good', mode: 'api_key', key: keys.full },
        { name: 'disabled', mode: 'api_key', key: 'k_disabled_key' },
      ],
    },
    southwind,
    { id: 'org_limited', name: 'Limited', keys: [{ name: 'limited', mode: 'api_key', key: 'k_limited_key' }] },
  ),
  keys: { good: keys.full, disabled: 'k_disabled_key', limited: 'k_limited_key' },
  limit: 10,
  auth: key => ({ 'as-api-key': key }),
  read: { path: M },
  foreign: [
    { path: `${M}/mem_sam` },
    { method: 'PATCH', path: `${M}/mem_ben_south`, body: '{"role":{"code":"member"}}' },
    { method: 'DELETE', path: `${M}/mem_ben_south` },
  ],
  wrongMethods: [
    { method: 'PUT', path: M, body: '{}' },
    { method: 'DELETE', path: M },
    { method: 'POST', path: `${M}/mem_ben`, body: '{}' },
    { method: 'OPTIONS', path: M },
    { method: 'PROPFIND', path: M },
  ],
  unknownPath: '/admin/2022-01/nowhere',
  write: { method: 'POST', path: M },
  brokenPaths: [`${M}/%`, `${M}/%zz`, `${M}/mem%f_ben`, `${M}/%E4`, '/admin/%2', '/admin/2022-01/%memberships'],
  malformedKeys: [],
  statusOf: {
    unauthenticated: 401,
    inactive: 401,
    foreign: 404,
    brokenPath: 404,
    notFound: 404,
    wrongMethod: 404,
    malformed: 400,
    bodyTooLarge: 413,
    headersTooLarge: 431,
    rateLimited: 429,
  },
  bodyRead: 'first',
  pathFirst: false,
  assertEnvelope({ status, headers, text }) {
    assert.equal(headers['content-type'], 'application/json; charset=utf-8')
    const body: unknown = JSON.parse(text)
    assert.ok(body && typeof body === 'object' && 'meta' in body && 'data' in body)
    assert.deepEqual(Object.keys(body), ['meta', 'data'])
    assert.deepEqual(body.data, {})
    const { meta } = body
    assert.ok(meta && typeof meta === 'object' && 'code' in meta && 'message' in meta)
    assert.deepEqual(Object.keys(meta), ['code', 'type', 'message', 'errors'])
    assert.equal(meta.code, status)
    assert.ok(typeof meta.message === 'string' && meta.message !== '')
  },
  assertHeaders(headers) {
    assert.match(String(headers['as-trace-id']), /^[0-9a-f]{32}$/)
    assert.equal(headers['cache-control'], 'no-store, no-cache, must-revalidate, proxy-revalidate')
    return String(headers['as-trace-id'])
  },
}

const easypost: Subject = {
  seed: easypostSeed({ ...acme, keys: { production: 'EZAK_good_key', test: 'EZTK_disabled_key' } }, globex, {
    name: 'Limited',
    email: 'limited@limited.example',
    keys: { production: 'EZAK_limited_key' },
  }),
  keys: { good: 'EZAK_good_key', disabled: 'EZTK_disabled_key', limited: 'EZAK_limited_key' },
  limit: 50,
  auth: key => ({ authorization: basic(key) }),
  read: { path: '/v2/users' },
  foreign: [
    { path: `/v2/users/${ids.lab}` },
    { method: 'PATCH', path: `/v2/users/${ids.lab}`, body: '{"name":"Ours"}' },
    { method: 'DELETE', path: `/v2/users/${ids.globex}` },
  ],
  wrongMethods: [
    { method: 'DELETE', path: '/v2/users' },
    { method: 'PUT', path: '/v2/users/children', body: '{}' },
    { method: 'POST', path: `/v2/users/${ids.desk}`, body: '{}' },
    { method: 'OPTIONS', path: '/v2/users' },
    { method: 'PROPFIND', path: '/v2/users' },
    { method: 'DELETE', path: '/v2/%75sers' },
    { method: 'DELETE', path: '/v2/users#x' },
  ],
  unknownPath: '/v2/nowhere',
  write: { method: 'POST', path: '/v2/users' },
  brokenPaths: ['/v2/%', '/v2/%zz', '/v2/nowhere/%E4', '/v2/users/%/%f', '/beta/%2'],
  malformedKeys: [],
  statusOf: {
    unauthenticated: 401,
    inactive: 403,
    foreign: 404,
    brokenPath: 404,
    notFound: 404,
    wrongMethod: 405,
    malformed: 400,
    bodyTooLarge: 400,
    headersTooLarge: 400,
    rateLimited: 429,
  },
  bodyRead: 'whereTaken',
  pathFirst: false,
  assertEnvelope({ headers, text }) {
    assert.equal(headers['content-type'], 'application/json; charset=utf-8')
    const body: unknown = JSON.parse(text)
    assert.ok(body && typeof body === 'object' && 'error' in body)
    assert.deepEqual(Object.keys(body), ['error'])
    const { error } = body
    assert.ok(error && typeof error === 'object' && 'code' in error && 'message' in error && 'errors' in error)
    assert.deepEqual(Object.keys(error), ['code', 'message', 'errors'])
    assert.ok(typeof error.message === 'string' && error.message !== '')
    assert.ok(Array.isArray(error.errors))
  },
  assertHeaders(headers) {
    assertEasypostHeaders(headers)
    return String(headers['x-ep-request-uuid'])
  },
}

const memberstack: Subject = {
  seed: memberstackSeed(
    memberstackAcme,
    memberstackGlobex,
    { name: 'Disabled', keys: { sandboxSecret: 'sk_sb_disabled_key' } },
    { name: 'Limited', keys: { sandboxSecret: 'sk_sb_limited_key' } },
  ),
  keys: { good: memberstackKeys.acme, disabled: 'sk_sb_disabled_key', limited: 'sk_sb_limited_key' },
  limit: 25,
  auth: key => ({ 'x-api-key': key }),
  read: { path: '/members' },
  // Read, it is null: memberstack.paths.test.ts.
  foreign: [
    { method: 'PATCH', path: `/members/${memberstackIds.adaGlobex}`, body: '{"verified":true}' },
    { method: 'DELETE', path: `/members/${memberstackIds.adaLive}` },
    { method: 'POST', path: `/members/${memberstackIds.adaGlobex}/add-plan`, body: '{"planId":"pln_free"}' },
  ],
  wrongMethods: [
    { method: 'PUT', path: '/members', body: '{}' },
    { method: 'DELETE', path: '/members' },
    { method: 'GET', path: `/members/${memberstackIds.ada}/add-plan` },
    { method: 'OPTIONS', path: '/members' },
    { method: 'PROPFIND', path: '/members' },
  ],
  unknownPath: '/members/some/where',
  write: { method: 'POST', path: '/members' },
  brokenPaths: ['/members/%', '/members/%zz', '/members/mem%f_sb', '/members/%E4'],
  malformedKeys: ['wrong_key_0123456789', memberstackKeys.acme.toUpperCase(), 'ust_operator_token'],
  statusOf: {
    unauthenticated: 400,
    inactive: 401,
    foreign: 400,
    brokenPath: 400,
    notFound: 404,
    wrongMethod: 404,
    malformed: 400,
    bodyTooLarge: 413,
    headersTooLarge: 431,
    rateLimited: 429,
  },
  bodyRead: 'later',
  pathFirst: true,
  assertEnvelope({ status, headers, text }) {
    assertMemberstackEnvelope({ status, headers, body: JSON.parse(text) })
  },
  assertHeaders(headers) {
    assertNoCors({ headers })
    return undefined
  },
}

export const table: Partial<Record<VendorName, Subject>> = { aftership, easypost, memberstack }

// What holds for every vendor alike, in its own dialect: who may not enter is refused, what is broken or too large is
// refused, nothing of a secret comes back, and nothing was changed. A vendor is one entry in the table.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as credentials from '../src/platform/credentials/credentials.ts'
import { vendors } from '../src/vendors/index.ts'
import type { VendorName } from '../src/vendors/vendor.ts'
import { control, keys, M, northwind, seedOf, southwind } from './aftership.support.ts'
import {
  acme,
  assertHeaders as assertEasypostHeaders,
  basic,
  seedOf as easypostSeed,
  globex,
  ids,
} from './easypost.support.ts'
import { exchangeBytes, openClient, type SocketReply, type SocketRequest } from './socket.ts'
import { startApp, type TestApp } from './support.ts'

type Refused =
  | 'unauthenticated'
  | 'inactive'
  | 'notFound'
  | 'wrongMethod'
  | 'malformed'
  | 'bodyTooLarge'
  | 'headersTooLarge'
  | 'rateLimited'

/** Headers by name: no vendor needs one twice. */
interface NamedRequest extends SocketRequest {
  headers?: Record<string, string>
}

interface Subject {
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
  /** `unauthenticated`: no key; `inactive`: one that is unknown or disabled. */
  statusOf: Record<Refused, number>
  /** Whether every body is read before all else; otherwise a GET's is not, and credentials and route come first. */
  bodyFirst: boolean
  /** The status for an unknown path without a key. */
  unknownPathWithoutKey: number
  /** Asserts that a refusal wears the vendor's envelope. */
  assertEnvelope(reply: SocketReply): void
  /** Asserts the headers that every answer has; returns the request's id among them. */
  assertHeaders(headers: SocketReply['headers']): string
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
  statusOf: {
    unauthenticated: 401,
    inactive: 401,
    notFound: 404,
    wrongMethod: 404,
    malformed: 400,
    bodyTooLarge: 413,
    headersTooLarge: 431,
    rateLimited: 429,
  },
  bodyFirst: true,
  unknownPathWithoutKey: 401,
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
  ],
  unknownPath: '/v2/nowhere',
  write: { method: 'POST', path: '/v2/users' },
  brokenPaths: ['/v2/%', '/v2/%zz', '/v2/nowhere/%E4', '/v2/users/%/%f', '/beta/%2'],
  statusOf: {
    unauthenticated: 401,
    inactive: 403,
    notFound: 404,
    wrongMethod: 405,
    malformed: 400,
    bodyTooLarge: 400,
    headersTooLarge: 400,
    rateLimited: 429,
  },
  bodyFirst: false,
  unknownPathWithoutKey: 401,
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

const table: Partial<Record<VendorName, Subject>> = { aftership, easypost }

test('every vendor is in the table', () => {
  assert.deepEqual(
    vendors.map(vendor => vendor.name),
    Object.keys(table),
  )
})

const MIB = 1024 * 1024

for (const [name, subject] of Object.entries(table)) {
  test(name, async t => {
    const app = await startApp(subject.seed)
    const origin = await app.app.listen()
    const client = openClient(origin)
    const replies: SocketReply[] = []
    const { good, disabled, limited } = subject.keys
    await disable(app, disabled)
    await app.newEvents()

    const send = async (request: NamedRequest, key?: string): Promise<SocketReply> => {
      const reply = await client({
        ...request,
        headers: { ...(key === undefined ? {} : subject.auth(key)), ...request.headers },
      })
      replies.push(reply)
      return reply
    }
    const assertRefused = (reply: SocketReply, refused: Refused, what: string) => {
      assert.equal(reply.status, subject.statusOf[refused], what)
      subject.assertEnvelope(reply)
    }
    /** Runs the cases as one test, after which nothing was changed and the server is as well as before. */
    const guarantee = (title: string, cases: () => Promise<void>) =>
      t.test(title, async () => {
        await cases()
        await app.assertEvents()
        assert.equal((await send(subject.read, good)).status, 200)
        assert.deepEqual(
          app.log.filter(line => line.level === 'error' || line.level === 'fatal'),
          [],
        )
      })
    const { read, write } = subject
    const unknown = { path: subject.unknownPath }

    await guarantee('no key', async () => {
      for (const request of [read, { ...write, body: '{}' }, { ...write, body: '{' }, ...subject.foreign]) {
        assertRefused(await send(request), 'unauthenticated', JSON.stringify(request))
      }
    })

    await guarantee('a wrong key: unknown, cut, longer, in another case, another kind of secret', async () => {
      const wrong = ['wrong_key_0123456789', good.slice(0, -1), `${good}x`, good.toUpperCase(), 'ust_operator_token']
      for (const key of wrong) assertRefused(await send(read, key), 'inactive', key)
    })

    await guarantee('a disabled key', async () => {
      for (const request of [read, { ...write, body: '{}' }, ...subject.foreign]) {
        assertRefused(await send(request, disabled), 'inactive', JSON.stringify(request))
      }
    })

    await guarantee("another tenant's resource is not there", async () => {
      for (const request of subject.foreign)
        assertRefused(await send(request, good), 'notFound', JSON.stringify(request))
    })

    await guarantee('an unknown path, with a key and without', async () => {
      assertRefused(await send(unknown, good), 'notFound', 'with a key')
      const reply = await send(unknown)
      assert.equal(reply.status, subject.unknownPathWithoutKey)
      subject.assertEnvelope(reply)
    })

    await guarantee('a wrong method', async () => {
      for (const request of subject.wrongMethods) {
        assertRefused(await send(request, good), 'wrongMethod', JSON.stringify(request))
      }
    })

    await guarantee('broken JSON', async () => {
      for (const body of ['{', '{"a":', 'null x', '\u0000', Buffer.from([0xc3, 0x28])]) {
        const headers = { 'content-type': 'application/json' }
        assertRefused(await send({ ...write, headers, body }, good), 'malformed', String(body))
      }
    })

    await guarantee('a body of more than 1 MiB, by its length and in chunks, with a key and without', async () => {
      const body = Buffer.alloc(MIB + 1, ' ')
      for (const key of [good, undefined]) {
        for (const headers of [{}, { 'transfer-encoding': 'chunked' }]) {
          for (const [request, refused] of [
            [write, 'bodyTooLarge'],
            [{ ...read, method: 'GET' }, undefined],
            [unknown, 'notFound'],
          ] as const) {
            const first = subject.bodyFirst ? 'bodyTooLarge' : key === undefined ? 'unauthenticated' : refused
            const reply = await send({ ...request, headers, body }, key)
            if (first === undefined) assert.equal(reply.status, 200)
            else assertRefused(reply, first, `${key} ${JSON.stringify({ ...request, headers })}`)
            subject.assertHeaders(reply.headers)
          }
        }
      }
    })

    await guarantee('a body that is only announced as too large is refused before it comes', async () => {
      const lines = [`${write.method} ${write.path} HTTP/1.1`, 'host: x', `content-length: ${1024 * MIB}`]
      const headers = Object.entries(subject.auth(good)).map(([field, value]) => `${field}: ${value}`)
      const text = await exchangeBytes(origin, `${[...lines, ...headers].join('\r\n')}\r\n\r\n{`, isWhole)
      assertRefused(parseReply(text), 'bodyTooLarge', 'announced')
    })

    for (const size of [17, 70]) {
      await guarantee(`headers of ${size} KiB`, async () => {
        assertRefused(await withLargeHeaders(size), 'headersTooLarge', `${size} KiB`)
      })

      await guarantee(
        `headers of ${size} KiB: the answer has the headers of every answer, and its id is in the log`,
        async () => {
          assertTraced(await withLargeHeaders(size))
        },
      )
    }

    function assertTraced({ headers }: SocketReply): void {
      const id = subject.assertHeaders(headers)
      assert.ok(app.log.some(line => line.reqId === id))
    }

    async function withLargeHeaders(kibibytes: number): Promise<SocketReply> {
      const headers = { ...subject.auth(good), 'x-large': 'x'.repeat(kibibytes * 1024) }
      const lines = Object.entries(headers).map(([field, value]) => `${field}: ${value}\r\n`)
      const bytes = `GET ${read.path} HTTP/1.1\r\nhost: x\r\n${lines.join('')}\r\n`
      return parseReply(await exchangeBytes(origin, bytes, isWhole))
    }

    const heads = ['content-length: x', 'transfer-encoding: gzip', 'content-length: 1\r\ncontent-length: 2', 'no colon']
    const broken = async (head: string) => {
      const bytes = `${write.method} ${write.path} HTTP/1.1\r\nhost: x\r\n${head}\r\n\r\n`
      return parseReply(await exchangeBytes(origin, bytes, isWhole))
    }

    await guarantee('what is no HTTP', async () => {
      for (const head of heads) assertRefused(await broken(head), 'malformed', head)
    })

    await guarantee(
      'what is no HTTP: the answer has the headers of every answer, and its id is in the log',
      async () => {
        for (const head of heads) assertTraced(await broken(head))
      },
    )

    await guarantee('a broken escape in the path', async () => {
      for (const path of subject.brokenPaths) {
        assertRefused(await send({ path }, good), 'notFound', path)
        assertRefused(await send({ ...write, path, body: '{}' }, good), 'notFound', path)
        assertRefused(await send({ path }), 'unauthenticated', path)
      }
    })

    await guarantee('a broken escape in the query', async () => {
      for (const query of ['%', '%zz=%', 'page=%E4%', '&=&&%&', '__proto__=1&constructor=2']) {
        assert.equal((await send({ ...read, path: `${read.path}?${query}` }, good)).status, 200, query)
      }
    })

    await guarantee('the limit reached: refused whatever is asked, and not for others', async () => {
      for (let used = 0; used < subject.limit; used++) {
        assert.notEqual((await send(read, limited)).status, subject.statusOf.rateLimited)
      }
      for (const request of [read, { ...write, body: '{}' }, ...subject.foreign, unknown]) {
        assertRefused(await send(request, limited), 'rateLimited', JSON.stringify(request))
      }
    })

    await guarantee('no key and no secret in any answer or log line', async () => {
      const written = JSON.stringify([replies, app.log])
      for (const secret of [...Object.values(subject.keys), 'wrong_key_0123456789', 'ust_operator_token']) {
        assert.ok(!written.includes(secret), secret)
      }
      assert.ok(replies.length > 50)
    })

    await guarantee('every answer had the headers of every answer, and no error told of our code', async () => {
      for (const { headers, text } of replies) {
        subject.assertHeaders(headers)
        assert.doesNotMatch(text, /FST_|node_modules|\.ts|SQLITE|Error:|stack/)
      }
    })
  })
}

async function disable(app: TestApp, key: string): Promise<void> {
  const credential = await credentials.find(app.app.context, key)
  assert.ok(credential)
  await control(app, 'POST', `/keys/${credential.id}/disable`)
}

/** Whether a reply with a content-length is all there. */
function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  const length = /^content-length: (\d+)\r$/im.exec(text.slice(0, end + 1))?.[1]
  return end !== -1 && length !== undefined && text.length >= end + 4 + Number(length)
}

function parseReply(text: string): SocketReply {
  const [head = '', body = ''] = text.split('\r\n\r\n')
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers = Object.fromEntries(
    lines.map(line => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  return { status: Number(statusLine.split(' ')[1]), headers, text: body }
}

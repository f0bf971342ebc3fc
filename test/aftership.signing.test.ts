// AfterShip contract sections 7 and 12 over the running app: signatures that official clients send verify, and none
// verifies for anything that was not signed.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  changesOf,
  DATE,
  HMAC_SEED,
  hmac,
  KEY,
  NOW,
  R1,
  SECRET,
  seedWith,
  serve,
  signed,
  signStringOf,
  V3_BODY,
  VECTOR_PUBLIC_KEY,
} from './aftership.signed.ts'
import { BASE, control, M, northwind } from './aftership.support.ts'
import type { SocketRequest } from './socket.ts'
import { SECOND } from './support.ts'

const RSA_KEY = 'as_rsa_key_of_the_vectors'
const V4_PATH = `${M}/3ea1910b07394a95bf7cdaa611d3cc3f`
const V4_BODY = '{"role":{"code":"admin"}}'
const V2_SORTED = `${M}?email=example%40mydomain.com&limit=100&page=1`

const vectors: [string, SocketRequest, string, number][] = [
  ['V1', { path: M }, 'sFN2G07EC7dQeKn30mLi8h5V8UMFB/7VfvcSUFjxtm8=', 200],
  [
    'V2',
    { path: `${M}?page=1&limit=100&email=example%40mydomain.com` },
    '7MFUS94kevknynulYsOcrt7+NfYGKkWOrgkcwhoY9y8=',
    200,
  ],
  ['V2 sorted', { path: V2_SORTED }, '7MFUS94kevknynulYsOcrt7+NfYGKkWOrgkcwhoY9y8=', 200],
  ['V3', { method: 'POST', path: M, body: V3_BODY }, 'rtQQp/9qb0oR0YhOKWWDFN7eYMJ5yfC8LTTNK7X6oQo=', 201],
  ['V4', { method: 'PATCH', path: V4_PATH, body: V4_BODY }, 'Bi5kgYFBFAaqzyhCB8EkYG6LbodA8E0li983wUDkXpE=', 200],
  ['V6', { path: `${BASE}/roles` }, 'taMI7xuevMmWi7SHIZSSB1zi/h4ilWulqDplk1/Zk6U=', 200],
]

describe('published vectors', () => {
  test('V1 to V6 verify', async t => {
    const server = await serve()
    for (const [name, request, signature, status] of vectors) {
      await t.test(name, async () => {
        assert.equal(await server.status({ ...signed({}, signature), ...request }), status)
      })
    }
    await server.app.assertEvents('membership.created', 'membership.updated')
  })

  test('V1 with a bare question mark verifies too: some clients always write one', async () => {
    const { status } = await serve()
    assert.equal(await status(signed({ target: `${M}?`, resource: M })), 200)
    assert.equal(await status(signed({ target: M, resource: `${M}?` })), 200)
  })
})

test('a change of one byte is 401, and changes nothing', async t => {
  const body = V3_BODY
  const target = `${M}?page=1&email=a%20b`
  const headers = { 'as-store': 'north' }
  const request = { method: 'POST', target, body, headers }
  const good = signed(request)
  const server = await serve()

  async function refuseAll(requests: Iterable<SocketRequest>, expected = 401): Promise<void> {
    for (const changed of requests) {
      assert.equal(await server.status(changed), expected, JSON.stringify(changed))
    }
    await server.app.assertEvents()
  }
  const withHeader = (name: string, value: string) => ({ ...good, headers: { ...good.headers, [name]: value } })
  const headerOf = (name: string) => good.headers[name] ?? ''

  await t.test('in the method', () =>
    refuseAll(['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND'].map(method => ({ ...good, method }))),
  )

  await t.test('in the path', async () => {
    const prefix = '/admin/'
    const rest = [...changesOf(M.slice(prefix.length), /[a-z0-9/-]/)]
    await refuseAll(rest.map(changed => ({ ...good, path: `${prefix}${changed}${target.slice(M.length)}` })))
    const same = [`${M}/`, `${M}//`, M.replace('e', '%65'), M.replace('/2022', '//2022')]
    await refuseAll(same.map(path => ({ ...good, path: `${path}${target.slice(M.length)}` })))
    // Outside of the prefix nothing of this API answers.
    const outside = [...changesOf('/admin', /[a-z0-9]/)].slice(1)
    await refuseAll(
      outside.map(changed => ({ ...good, path: `${changed}${target.slice(6)}` })),
      404,
    )
  })

  await t.test('in the query', async () => {
    const query = target.slice(M.length)
    await refuseAll([...changesOf(query, /[?a-z0-9=&]/)].map(changed => ({ ...good, path: `${M}${changed}` })))
    const others = ['', '?', '?page=1', `${query}&x=1`, `${query}&page=1`, '?page=1&email=a', '?page=1&email=a&b=']
    await refuseAll(others.map(changed => ({ ...good, path: `${M}${changed}` })))
  })

  await t.test('in the date', () =>
    refuseAll([...changesOf(DATE, /[A-Za-z0-9 ,:]/)].map(changed => withHeader('date', changed))),
  )

  await t.test('in an as- header: its value, its name, one more, one less', async () => {
    await refuseAll(
      [...changesOf(headerOf('as-api-key'), /[0-9a-f]/)].map(changed => withHeader('as-api-key', changed)),
    )
    await refuseAll([...changesOf('north', /[a-z]/)].map(changed => withHeader('as-store', changed)))
    await refuseAll([withHeader('as-stors', 'north'), withHeader('as-another', ''), withHeader('as-store', '')])
    const { 'as-store': _without, ...others } = good.headers
    await refuseAll([{ ...good, headers: others }])
  })

  await t.test('in the blank before a header’s value, to one that HTTP does not take for blank', async () => {
    const spaced = ['\u00a0', '\u0085'].flatMap(blank => [`${blank}north`, `north${blank}`])
    await refuseAll(spaced.map(value => withHeader('as-store', value)))
  })

  await t.test('in the body', async () => {
    await refuseAll([...changesOf(body, /[ -~]/)].map(changed => ({ ...good, body: changed })))
    await refuseAll(
      ['', ' ', `${body} `, ` ${body}`, `${body}\n`, body.slice(0, -1)].map(changed => ({ ...good, body: changed })),
    )
  })

  await t.test('in the signature', async () => {
    const name = 'as-signature-hmac-sha256'
    const signature = headerOf(name)
    await refuseAll([...changesOf(signature, /[A-Za-z0-9+/=]/)].map(changed => withHeader(name, changed)))
    // The last character before `=` carries two bits that base64 does not need.
    const last = signature.at(-2) ?? ''
    const sameBits = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].filter(one => one !== last)
    await refuseAll(sameBits.map(one => withHeader(name, `${signature.slice(0, -2)}${one}=`)))
    const hex = Buffer.from(signature, 'base64').toString('hex')
    const url = signature.replaceAll('+', '-').replaceAll('/', '_')
    const others = [
      '',
      '=',
      signature.slice(0, -1),
      `${signature}=`,
      `${signature}A`,
      hex,
      `${url}.`,
      signature.toLowerCase(),
    ]
    await refuseAll(others.map(changed => withHeader(name, changed)))
    await refuseAll([withHeader(name, `${signature}, ${signature}`)])
  })

  await t.test('and the request as it was signed is accepted', async () => {
    assert.equal(await server.status(good), 201)
    await server.app.assertEvents('membership.created')
  })
})

describe('what may differ', () => {
  test('the case and order of headers, other headers, and the content type that is sent', async () => {
    const { send } = await serve()
    const signature = hmac(signStringOf({ method: 'PATCH', target: V4_PATH, body: V4_BODY }))
    for (const type of ['application/json', 'text/plain', 'application/json; charset=utf-8']) {
      const headers = [
        ...['Content-Type', type, 'AS-SIGNATURE-HMAC-SHA256', signature, 'Date', DATE, 'As-Api-Key', KEY],
        ...['aftership-client', 'x', 'user-agent', 'y'],
      ]
      const reply = await send({ method: 'PATCH', path: V4_PATH, headers, body: V4_BODY })
      assert.equal(reply.status, 200, type)
    }
  })

  test('a content type signed verbatim, parameters included; a missing one is no failure', async () => {
    const { status } = await serve()
    const request = { method: 'PATCH', target: V4_PATH, body: V4_BODY }
    assert.equal(await status(signed({ ...request, contentType: 'application/json;charset=UTF-8' })), 200)
    assert.equal(await status(signed({ ...request, contentType: 'text/plain' })), 200)
    const [bare, literal] = ['', 'application/json'].map(type => hmac(signStringOf({ ...request, contentType: type })))
    for (const signature of [bare, literal]) {
      const headers = ['as-api-key', KEY, 'date', DATE, 'as-signature-hmac-sha256', signature ?? '']
      assert.equal(await status({ method: 'PATCH', path: V4_PATH, headers, body: V4_BODY }), 200)
    }
    const other = hmac(signStringOf({ ...request, contentType: 'text/html' }))
    assert.equal(await status(signed({ ...request, contentType: 'text/plain' }, other)), 401)
  })

  test('a DELETE may carry a body that is not signed, or one that is; a GET or POST may not', async () => {
    const { status } = await serve()
    const target = `${M}/mem_none`
    const unsigned = hmac(signStringOf({ method: 'DELETE', target }))
    assert.equal(await status(signed({ method: 'DELETE', target, body: '{}' }, unsigned)), 404)
    assert.equal(await status(signed({ method: 'DELETE', target, body: '{}' })), 404)
    assert.equal(await status(signed({ method: 'DELETE', target })), 404)
    for (const method of ['GET', 'POST', 'PATCH']) {
      const signature = hmac(signStringOf({ method, target }))
      assert.equal(await status(signed({ method, target, body: '{}' }, signature)), 401, method)
    }
  })

  test('a repeated as- header is signed as HTTP joins it', async () => {
    const { status } = await serve()
    const signature = hmac(signStringOf({ headers: { 'as-store': 'a, b' } }))
    const rest = ['as-api-key', KEY, 'date', DATE, 'as-signature-hmac-sha256', signature]
    assert.equal(await status({ path: M, headers: [...rest, 'as-store', 'a', 'As-Store', 'b'] }), 200)
    assert.equal(await status({ path: M, headers: [...rest, 'as-store', 'b', 'as-store', 'a'] }), 401)
    assert.equal(await status({ path: M, headers: [...rest, 'as-store', 'a'] }), 401)
  })

  test('a trailing slash and escapes in the path, as long as they are what was signed', async () => {
    const { status } = await serve()
    for (const target of [`${M}/`, `${BASE}/roles/?x=1`, M.replace('memberships', 'member%73hips')]) {
      assert.equal(await status(signed({ target })), 200, target)
    }
    assert.equal(await status(signed({ target: `${M}/%zz` })), 404)
    assert.equal(await status(signed({ target: `${M}/%zz`, resource: `${M}/!zz` })), 401)
  })

  test('a chunked body is signed like any other', async () => {
    const { status } = await serve()
    const { headers } = signed({ method: 'PATCH', target: V4_PATH, body: V4_BODY })
    const request = { method: 'PATCH', path: V4_PATH, body: V4_BODY }
    assert.equal(await status({ ...request, headers: { ...headers, 'transfer-encoding': 'chunked' } }), 200)
  })

  test('not the line ends: a string joined by CRLF does not verify', async () => {
    const { status } = await serve()
    assert.equal(await status(signed({}, hmac(signStringOf({}).replaceAll('\n', '\r\n')))), 401)
    assert.equal(await status(signed({}, hmac(`${signStringOf({})}\n`))), 401)
  })

  test('a signature is good again and again: clients resend it after a timeout', async () => {
    const { app, status } = await serve()
    const request = signed({ method: 'POST', body: V3_BODY })
    assert.equal(await status(request), 201)
    assert.equal(await status(request), 409)
    await app.assertEvents('membership.created')
  })
})

describe('the date', () => {
  const cases: [number, number][] = [
    [0, 200],
    [180 * SECOND, 200],
    [-180 * SECOND, 200],
    [180 * SECOND + 1, 401],
    [-180 * SECOND - 1, 401],
    [181 * SECOND, 401],
    [-181 * SECOND, 401],
    [24 * 3600 * SECOND, 401],
    [-365 * 24 * 3600 * SECOND, 401],
  ]
  test('is good for 180 s either side of our clock', async () => {
    const server = await serve()
    for (const [skew, expected] of cases) {
      server.app.clock.advance(skew + Date.parse(NOW) - server.app.clock.now())
      assert.equal(await server.status(signed({})), expected, `${skew} ms`)
      if (expected === 401) assert.equal(server.reason(), 'date header too far from our clock')
    }
  })

  test('may have a one-digit day, signed as it is sent', async () => {
    const { status } = await serve()
    const date = 'Wed, 1 Jan 2025 00:00:00 GMT'
    assert.equal(await status(signed({ date })), 200)
    assert.equal(await status(signed({ date }, hmac(signStringOf({ date: DATE })))), 401)
  })

  test('absent, unreadable or sent twice is 401', async () => {
    const server = await serve()
    const signature = hmac(signStringOf({ date: '' }))
    const headers = ['as-api-key', KEY, 'as-signature-hmac-sha256', signature]
    assert.equal(await server.status({ path: M, headers }), 401)
    assert.equal(server.reason(), 'signature or date header missing')
    for (const date of [
      '',
      'now',
      '2025-01-01T00:00:00Z',
      '1735689600',
      'Wed, 01 Jan 2025 01:00:00 +0100',
      `${DATE}, ${DATE}`,
    ]) {
      assert.equal(await server.status(signed({ date })), 401, date)
    }
    const twice = ['as-api-key', KEY, 'as-signature-hmac-sha256', hmac(signStringOf({})), 'date', DATE, 'date', DATE]
    assert.equal(await server.status({ path: M, headers: twice }), 401)
  })
})

describe('modes', () => {
  test('a signing key without its own signature is 401', async () => {
    const server = await serve(
      seedWith(
        { name: 'hmac', mode: 'hmac', key: KEY, secret: SECRET },
        { name: 'rsa', mode: 'rsa', key: RSA_KEY, publicKey: VECTOR_PUBLIC_KEY },
        { name: 'other', mode: 'hmac', key: 'another_hmac_key', secret: 'another hmac secret' },
      ),
    )
    const signature = hmac(signStringOf({}))
    for (const headers of [
      { 'as-api-key': KEY },
      { 'as-api-key': RSA_KEY },
      { 'as-api-key': KEY, date: DATE },
      { 'as-api-key': KEY, 'as-signature-hmac-sha256': signature },
      { 'as-api-key': KEY, date: DATE, 'as-signature-rsa-sha256': signature },
      { 'as-api-key': KEY, date: DATE, 'as-signature-hmac-sha256': R1 },
      { 'as-api-key': RSA_KEY, date: DATE, 'as-signature-hmac-sha256': signature },
      { 'as-api-key': RSA_KEY, date: DATE, 'as-signature-rsa-sha256': R1 },
      { 'as-api-key': 'another_hmac_key', date: DATE, 'as-signature-hmac-sha256': signature },
      { 'as-signature-hmac-sha256': signature, date: DATE },
      { 'as-access-token': KEY, 'as-signature-hmac-sha256': signature, date: DATE },
    ] as Record<string, string>[]) {
      assert.equal(await server.status({ path: M, headers }), 401, JSON.stringify(headers))
    }
    assert.equal(await server.status(signed({})), 200)
  })

  test('the wrong secret is 401, and no secret, signature or key reaches log or answer', async () => {
    const server = await serve()
    const wrong = hmac(signStringOf({}), 'another secret')
    const replies = [
      await server.send(signed({}, wrong)),
      await server.send(signed({})),
      await server.send({ path: M }),
    ]
    assert.deepEqual(
      replies.map(reply => reply.status),
      [401, 200, 401],
    )
    const written = JSON.stringify([replies, server.app.log, await server.app.newEvents()])
    for (const secret of [KEY, SECRET, wrong, hmac(signStringOf({}))]) assert.ok(!written.includes(secret))
  })

  test('a secret beyond ASCII signs as its UTF-8 bytes', async () => {
    const secret = 'sécret — 秘密'
    const { status } = await serve(seedWith({ name: 'hmac', mode: 'hmac', key: KEY, secret }))
    assert.equal(await status(signed({}, hmac(signStringOf({}), secret))), 200)
  })

  test('keys made in the control API sign at once', async () => {
    const { app, status } = await serve(seedWith())
    const path = `/aftership/organizations/${northwind.id}/keys`
    const made = await control<{ apiKey: string; apiSecret: string }>(app, 'POST', path, { name: 'made', mode: 'hmac' })
    const headers = { 'as-api-key': made.apiKey }
    const signature = hmac(signStringOf({ headers }), made.apiSecret)
    assert.equal(await status(signed({ headers }, signature)), 200)
    assert.equal(await status({ path: M, headers }), 401)
  })
})

test('behind a proxy that strips a prefix, the target that the client used is what counts', async () => {
  const { status } = await serve(HMAC_SEED, { strippedPrefix: '/vendors/aftership' })
  const resource = `/vendors/aftership${M}`
  assert.equal(await status(signed({ resource })), 200)
  assert.equal(await status(signed({ target: `${M}?b=1&a=2`, resource: `${resource}?a=2&b=1` })), 200)
  assert.equal(await status(signed({})), 401)
  assert.equal(await status(signed({ target: resource })), 404)
})

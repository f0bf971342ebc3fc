// AfterShip's official Node clients, unmodified and over a socket: contract section 12.

import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { Request } from '@aftership/tracking-sdk/dist/lib/request.js'
import { AfterShip } from 'aftership'
import { ApiRequestImplementation } from 'aftership/dist/lib/api_request.js'
import { startApp } from '../support.ts'

const BASE = '/admin/2022-01'
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
const publicKey = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()
const privateKey = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
const SECRET = 'the secret of the signing key'

/** Emails that clients and servers like to escape differently. */
const emails = ['plain@x.example', "o'brien+box@x.example", 'a~b!c*d(e)@x.example']

const seed = JSON.stringify({
  aftership: {
    accounts: [{ email: 'owner@x.example' }, ...emails.map(email => ({ email }))],
    organizations: [
      {
        id: 'org_x',
        name: 'X',
        invitations: 'automatic',
        rateLimit: { perSecond: 1000 },
        keys: [
          { name: 'plain', mode: 'api_key', key: 'as_plain_key' },
          { name: 'signed', mode: 'hmac', key: 'as_hmac_key', secret: SECRET },
          { name: 'rsa', mode: 'rsa', key: 'as_rsa_key', publicKey },
        ],
        memberships: [{ id: 'mem_owner', email: 'owner@x.example', role: 'owner' }],
      },
      {
        id: 'org_slow',
        name: 'Slow',
        rateLimit: { perSecond: 1 },
        keys: [{ name: 'signed', mode: 'hmac', key: 'as_slow_key', secret: SECRET }],
      },
    ],
  },
})

/** The clients sign with the machine's time: the app's clock starts there, and stands. */
const start = () => startApp(seed, { now: new Date().toISOString() })

interface Member {
  id: string
  account: { id: string; email: string }
  role: { code: string; name: string }
}
interface List {
  memberships: Member[]
  pagination: { page: number; limit: number; total: number }
}
interface Roles {
  roles: { code: string; name: string }[]
}

const modes = {
  API_KEY: { api_key: 'as_plain_key' },
  AES: { api_key: 'as_hmac_key', api_secret: SECRET },
  RSA: { api_key: 'as_rsa_key', api_secret: privateKey },
}

describe('@aftership/tracking-sdk 17.0.0', () => {
  const clientOf = (domain: string, auth_type: string, credentials: { api_key: string; api_secret?: string }) => {
    const client = new Request({ domain, auth_type, ...credentials, max_retry: 0, timeout: 5000 })
    return async <T>(method: string, path: string, options: { query?: object; body?: object } = {}) =>
      client.makeRequest<{ data: T; response_headers: Record<string, string> }>({
        method,
        url: BASE + path,
        ...options,
      })
  }

  for (const [mode, credentials] of Object.entries(modes)) {
    for (const email of emails) {
      test(`${mode}: all six operations for ${email}`, async () => {
        const app = await start()
        const call = clientOf(await app.app.listen(), mode, credentials)

        const roles = await call<Roles>('GET', '/roles')
        assert.deepEqual(
          roles.data.roles.map(({ code }) => code),
          ['owner', 'admin', 'member'],
        )
        const created = await call<Member>('POST', '/memberships', {
          body: { account: { email }, role: { code: 'member' } },
        })
        assert.equal(created.data.account.email, email)
        const { id } = created.data

        const listed = await call<List>('GET', '/memberships', { query: { page: 1, limit: 10, email } })
        assert.deepEqual(
          listed.data.memberships.map(member => member.id),
          [id],
        )
        assert.deepEqual(listed.data.pagination, { page: 1, limit: 10, total: 1 })
        assert.equal(listed.response_headers['x-ratelimit-limit'], '1000')

        assert.deepEqual((await call<Member>('GET', `/memberships/${id}`)).data, created.data)
        const changed = await call<Member>('PATCH', `/memberships/${id}`, { body: { role: { code: 'admin' } } })
        assert.deepEqual(changed.data.role, { code: 'admin', name: 'Admin' })
        assert.deepEqual((await call('DELETE', `/memberships/${id}`)).data, {})
        await app.assertEvents('membership.created', 'membership.updated', 'membership.deleted')
      })
    }

    test(`${mode}: queries of every kind`, async () => {
      const app = await start()
      const call = clientOf(await app.app.listen(), mode, credentials)
      const total = async (query: object) => (await call<List>('GET', '/memberships', { query })).data.pagination.total
      assert.equal(await total({}), 1)
      assert.equal(await total({ email: 'OWNER@x.example' }), 1)
      assert.equal(await total({ email: ' owner@x.example ' }), 1)
      assert.equal(await total({ email: 'own er@x.example' }), 0)
      assert.equal(await total({ email: 'own+er@x.example' }), 0)
      assert.equal(await total({ email: "o'wner@x.example" }), 0)
      assert.equal(await total({ email: 'öwner&=?#%@x.example', unknown: '/:;,"<>', zero: 'x' }), 0)
      assert.equal(await total({ page: 2, limit: 1, z: '~!*()', a: '' }), 1)
      await app.assertEvents()
    })

    test(`${mode}: errors arrive as the client knows them`, async () => {
      const app = await start()
      const origin = await app.app.listen()
      const call = clientOf(origin, mode, credentials)
      const body = { account: { email: 'nobody@x.example' }, role: { code: 'member' } }

      const other = clientOf(origin, mode, { ...credentials, api_key: 'another key' })
      const cases = [
        [() => other('GET', '/memberships'), 'API_KEY_INVALID', 401, 401, /^The API key is invalid\.$/],
        [() => call('DELETE', '/memberships/mem_owner'), 'REQUEST_NOT_ALLOWED', 403, 403, /refused/],
        [() => call('GET', '/memberships/mem_none'), 'NOT_FOUND', 404, 404, /does not exist/],
        [() => call('GET', '/nowhere'), 'NOT_FOUND', 404, 404, /does not exist/],
        [() => call('POST', '/memberships', { body }), 'BAD_REQUEST', 422, 10001, /does not exist in the system/],
        [() => call('POST', '/memberships', { body: { account: {} } }), 'BAD_REQUEST', 422, 422, /failed validation/],
      ] as const
      for (const [request, code, status_code, meta_code, message] of cases) {
        await assert.rejects(request(), { name: 'Error', code, status_code, meta_code, message })
      }
      await app.assertEvents()
    })
  }

  test('AES: the wrong secret is API_KEY_INVALID, and so are another key and the RSA key', async () => {
    const app = await start()
    const origin = await app.app.listen()
    for (const [mode, credentials] of [
      ['AES', { api_key: 'as_hmac_key', api_secret: 'another secret' }],
      ['AES', { api_key: 'as_rsa_key', api_secret: SECRET }],
      ['RSA', { api_key: 'as_hmac_key', api_secret: privateKey }],
      ['API_KEY', { api_key: 'as_hmac_key' }],
    ] as const) {
      await assert.rejects(clientOf(origin, mode, credentials)('GET', '/roles'), { code: 'API_KEY_INVALID' })
    }
  })

  test('AES: past the limit it is TOO_MANY_REQUEST, with the headers to wait by', async () => {
    const app = await start()
    const call = clientOf(await app.app.listen(), 'AES', { api_key: 'as_slow_key', api_secret: SECRET })
    await call('GET', '/roles')
    const reset = String(Math.ceil(app.clock.now() / 1000 + 1))
    await assert.rejects(call('GET', '/roles'), (error: { response_headers: object } & Record<string, unknown>) => {
      assert.equal(error.code, 'TOO_MANY_REQUEST')
      assert.equal(error.status_code, 429)
      const headers = new Map(Object.entries(error.response_headers))
      assert.equal(headers.get('x-ratelimit-remaining'), '0')
      assert.equal(headers.get('x-ratelimit-limit'), '1')
      assert.equal(headers.get('x-ratelimit-reset'), reset)
      return true
    })
    app.clock.advance(1000)
    await call('GET', '/roles')
  })
})

describe('aftership 8.1.0', () => {
  const appOf = (origin: string, apiKey: string, api_secret: string = SECRET) =>
    new AfterShip(apiKey, { auth_type: 1, api_secret, endpoint: origin + BASE, user_agent_prefix: 'x' })

  for (const email of emails) {
    test(`AES: all six operations for ${email}`, async () => {
      const app = await start()
      const client = new ApiRequestImplementation(appOf(await app.app.listen(), 'as_hmac_key'))

      const { roles } = await client.makeRequest<undefined, Roles>({ method: 'GET', url: '/roles' })
      assert.equal(roles.length, 3)
      const created = await client.makeRequest<object, Member>(
        { method: 'POST', url: '/memberships' },
        { account: { email }, role: { code: 'member' } },
      )
      const url = `/memberships/${created.id}`
      for (const query of [
        `email=${encodeURIComponent(email)}&page=1`,
        String(new URLSearchParams({ z: '', email })),
      ]) {
        const listed = await client.makeRequest<undefined, List>({ method: 'GET', url: `/memberships?${query}` })
        assert.deepEqual(
          listed.memberships.map(member => member.id),
          [created.id],
          query,
        )
      }
      assert.deepEqual(await client.makeRequest<undefined, Member>({ method: 'GET', url }), created)
      const changed = await client.makeRequest<object, Member>({ method: 'PATCH', url }, { role: { code: 'admin' } })
      assert.equal(changed.role.code, 'admin')
      assert.deepEqual(await client.makeRequest({ method: 'DELETE', url }), {})
      await app.assertEvents('membership.created', 'membership.updated', 'membership.deleted')
    })
  }

  test('spaces and plus signs in a query', async () => {
    const app = await start()
    const client = new ApiRequestImplementation(appOf(await app.app.listen(), 'as_hmac_key'))
    for (const query of [
      'email=a%20b@x.example',
      'email=a+b@x.example',
      'email=%20owner@x.example+',
      'b=2&a=%2B&a=~',
    ]) {
      await client.makeRequest({ method: 'GET', url: `/memberships?${query}` })
    }
  })

  test('rate_limit is filled from the headers, of an answer and of a 429', async () => {
    const server = await start()
    const app = appOf(await server.app.listen(), 'as_slow_key')
    const client = new ApiRequestImplementation(app)
    await client.makeRequest({ method: 'GET', url: '/roles' })
    const reset = String(Math.ceil(server.clock.now() / 1000 + 1))
    assert.deepEqual(app.rate_limit, { limit: '1', remaining: '0', reset })
    app.rate_limit = { limit: 0, remaining: 0, reset: 0 }
    await assert.rejects(client.makeRequest({ method: 'GET', url: '/roles' }), {
      type: 'TooManyRequests',
      code: 429,
      message: 'You have exceeded the API call rate limit. The default limit is 10 requests per second.',
    })
    assert.deepEqual(app.rate_limit, { limit: '1', remaining: '0', reset })
  })

  test('a rejection carries type, code and message of meta', async () => {
    const app = await start()
    const origin = await app.app.listen()
    const client = new ApiRequestImplementation(appOf(origin, 'as_hmac_key'))
    const body = { account: { email: 'nobody@x.example' }, role: { code: 'member' } }
    await assert.rejects(client.makeRequest({ method: 'POST', url: '/memberships' }, body), {
      type: 'UnprocessableEntity',
      code: 10001,
      message: 'The account with the given email does not exist in the system.',
    })
    await assert.rejects(client.makeRequest({ method: 'GET', url: '/memberships/mem_none' }), {
      type: 'NotFound',
      code: 404,
    })
    const refused = new ApiRequestImplementation(appOf(origin, 'as_hmac_key', 'another secret'))
    await assert.rejects(refused.makeRequest({ method: 'GET', url: '/roles' }), {
      type: 'Unauthorized',
      code: 401,
      message: 'The API key is invalid.',
    })
    await app.assertEvents()
  })
})

// The EasyPost guide as it is written: each request example sent over a socket with only host and key replaced, each
// response example found in the answer, and the three scenarios step by step. The store is the built-in sample, whose
// ids are the guide's.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { basic, type Json } from './easypost.support.ts'
import { assertHolds } from './examples.ts'
import { openClient } from './socket.ts'
import { startApp, type TestApp } from './support.ts'

const SAMPLE = readFileSync(new URL('../src/seed/sample.yaml', import.meta.url), 'utf8')

interface Answer {
  status: number
  text: string
  body: Json
}

/** Sends a request as the guide prints it: a line, a header perhaps, a body perhaps. */
type Guide = (text: string) => Promise<Answer>

async function startGuide(): Promise<{
  app: TestApp
  send: Guide
  sendAs(key: string, text: string): Promise<Answer>
}> {
  const app = await startApp(SAMPLE)
  const client = openClient(await app.app.listen())
  const sendAs = async (key: string, text: string) => {
    const [line = '', ...rest] = text.trim().split('\n')
    const [method = '', path = ''] = line.split(' ')
    const body = rest.filter(part => !part.startsWith('Authorization')).join('\n')
    // The guide's examples name no content type.
    const reply = await client({
      method,
      path,
      headers: { authorization: basic(key) },
      ...(body === '' ? {} : { body }),
    })
    return { status: reply.status, text: reply.text, body: reply.text === '' ? undefined : JSON.parse(reply.text) }
  }
  const { productionKey = '' } = app.samples.easypost ?? {}
  return { app, sendAs, send: text => sendAs(productionKey, text) }
}

const examples: { name: string; request: string; status: number; response: Json }[] = [
  {
    name: 'Retrieve current user',
    request: `
GET /v2/users
Authorization: Basic {base64(API_KEY:)}`,
    status: 200,
    response: {
      id: 'user_abc123',
      object: 'User',
      name: 'Acme Corp',
      email: 'admin@acme.com',
      balance: '100.00',
    },
  },
  {
    name: 'Update current user',
    request: `
PUT /v2/users/user_abc123
{
  "user": {
    "name": "Acme Corp Updated",
    "phone_number": "555-1234"
  }
}`,
    status: 200,
    response: { id: 'user_abc123', name: 'Acme Corp Updated', phone_number: '555-1234' },
  },
  {
    // The id is made; the rest is the guide's.
    name: 'Create child user',
    request: `
POST /v2/users
{
  "user": {
    "name": "Child Account",
    "email": "child@acme.com"
  }
}`,
    status: 201,
    response: {
      id: 'user_...',
      object: 'User',
      parent_id: 'user_abc123',
      name: 'Child Account',
      email: 'child@acme.com',
    },
  },
  {
    name: 'Retrieve child user',
    request: `
GET /v2/users/user_child456
Authorization: Basic {base64(PARENT_API_KEY:)}`,
    status: 200,
    response: { id: 'user_child456', parent_id: 'user_abc123', name: 'Child Account' },
  },
  {
    name: 'Retrieve API keys',
    request: `
GET /v2/api_keys
Authorization: Basic {base64(API_KEY:)}`,
    status: 200,
    // Keys come in creation order, test before production.
    response: {
      id: 'user_abc123',
      keys: [
        { object: 'ApiKey', key: 'EZTK...', mode: 'test' },
        { object: 'ApiKey', key: 'EZAK...', mode: 'production' },
      ],
      children: [],
    },
  },
  {
    name: 'Update child user',
    request: `
PUT /v2/users/user_child456
{
  "user": {
    "recharge_amount": "50.00",
    "recharge_threshold": "10.00"
  }
}`,
    status: 200,
    response: { id: 'user_child456', recharge_amount: '50.00', recharge_threshold: '10.00' },
  },
  {
    name: 'List child users',
    request: `
GET /v2/users/user_abc123/children?page_size=20
Authorization: Basic {base64(API_KEY:)}`,
    status: 200,
    response: { children: [{ id: 'user_child456', name: 'Child Account' }], has_more: false },
  },
]

describe('examples', () => {
  for (const { name, request, status, response } of examples) {
    test(name, async () => {
      const { send } = await startGuide()
      const answer = await send(request)
      assert.equal(answer.status, status, answer.text)
      assertHolds(answer.body, response)
    })
  }

  test('Delete child user', async () => {
    const { send } = await startGuide()
    const { status, text } = await send(
      'DELETE /v2/users/user_child456\nAuthorization: Basic {base64(PARENT_API_KEY:)}',
    )
    assert.deepEqual([status, text], [204, ''])
  })
})

test('every field of the guide’s table is on a parent’s record, and is what the table says', async () => {
  const { send } = await startGuide()
  const { body } = await send('GET /v2/users')
  const fields = [
    'id',
    'object',
    'parent_id',
    'name',
    'email',
    'phone_number',
    'balance',
    'recharge_amount',
    'secondary_recharge_amount',
    'recharge_threshold',
    'children',
    'created_at',
    'updated_at',
  ]
  for (const field of fields) assert.ok(Object.hasOwn(body, field), field)
  assert.match(body.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  assert.equal(body.parent_id, null)
})

describe('scenarios', () => {
  test('Provision a child account for a new tenant', async () => {
    const { app, send, sendAs } = await startGuide()
    const made = await send('POST /v2/users\n{"user":{"name":"Tenant One","email":"ops@tenant-one.example"}}')
    assert.equal(made.status, 201)
    const { id, api_keys } = made.body
    assert.equal(api_keys.length, 2)
    const set = await send(`PUT /v2/users/${id}\n{"user":{"recharge_amount":"50.00","recharge_threshold":"10.00"}}`)
    assert.deepEqual([set.status, set.body.recharge_amount, set.body.recharge_threshold], [200, '50.00', '10.00'])
    for (const { key } of api_keys) {
      const self = await sendAs(key, 'GET /v2/users')
      assert.deepEqual([self.status, self.body.id, 'children' in self.body], [200, id, false])
    }
    await app.assertEvents('user.created', 'credential.created', 'credential.created', 'user.updated')

    const again = await send('POST /v2/users\n{"user":{"name":"Tenant One","email":"ops@tenant-one.example"}}')
    assert.deepEqual([again.status, again.body.error.code], [422, 'USER.INVALID'])
    const nameless = await send('POST /v2/users\n{"user":{"email":"two@tenant-one.example"}}')
    assert.deepEqual([nameless.status, nameless.body.error.code], [422, 'PARAMETER.REQUIRED'])
    const byChild = await sendAs(api_keys[1].key, 'POST /v2/users\n{"user":{"name":"A"}}')
    assert.deepEqual([byChild.status, byChild.body.error.code], [403, 'USER.PARENT.INVALID'])
    const inTest = await sendAs(app.samples.easypost?.testKey ?? '', 'POST /v2/users\n{"user":{"name":"A"}}')
    assert.deepEqual([inTest.status, inTest.body.error.code], [403, 'MODE.UNAUTHORIZED'])
    await app.assertEvents()
    // Without recharge thresholds the parent's balance is at stake: reported once, when it was made.
    assert.equal(app.log.filter(line => line.trap === 'shared-billing').length, 1)
  })

  test('Retrieve and audit all child API keys', async () => {
    const { app, send, sendAs } = await startGuide()
    const { body: child } = await send('POST /v2/users\n{"user":{"name":"Tenant"}}')
    const audit = await send('GET /v2/api_keys')
    assert.equal(audit.status, 200)
    const keysOf = new Map<string, string[]>(
      audit.body.children.map((node: Json) => [node.id, node.keys.map((key: Json) => key.key)]),
    )
    assert.deepEqual(
      keysOf.get(child.id),
      child.api_keys.map((key: Json) => key.key),
    )
    assert.equal(keysOf.get('user_child456')?.length, 2)
    const [, production] = child.api_keys
    const own = await sendAs(production.key, 'GET /v2/api_keys')
    assert.deepEqual([own.status, own.body.id, own.body.children], [200, child.id, []])
    const inTest = await sendAs(app.samples.easypost?.testKey ?? '', 'GET /v2/api_keys')
    assert.deepEqual([inTest.status, inTest.body.error.code], [403, 'MODE.UNAUTHORIZED'])

    const use = async () => (await sendAs(production.key, 'GET /v2/users')).status
    for (const [verb, status, then] of [
      ['disable', 200, 403],
      ['enable', 200, 200],
    ] as const) {
      assert.equal((await send(`POST /v2/api_keys/${production.id}/${verb}`)).status, status)
      assert.equal(await use(), then)
    }
    assert.equal((await send(`DELETE /v2/api_keys/${production.id}`)).status, 204)
    assert.equal(await use(), 403)
  })

  test('Deprovision a child account', async () => {
    const { app, send, sendAs } = await startGuide()
    const { body: child } = await send('POST /v2/users\n{"user":{"name":"Tenant"}}')
    assert.equal((await send(`GET /v2/users/${child.id}`)).status, 200)
    const deleted = await send(`DELETE /v2/users/${child.id}`)
    assert.deepEqual([deleted.status, deleted.text], [204, ''])
    assert.equal((await send(`GET /v2/users/${child.id}`)).status, 404)
    assert.equal((await send(`DELETE /v2/users/${child.id}`)).status, 404)
    for (const { key } of child.api_keys) {
      const refused = await sendAs(key, 'GET /v2/users')
      assert.deepEqual([refused.status, refused.body.error.code], [403, 'APIKEY.INACTIVE'])
    }
    const audit = await send('GET /v2/api_keys')
    assert.ok(!audit.text.includes(child.id))
    const own = await send('DELETE /v2/users/user_abc123')
    assert.deepEqual([own.status, own.body.error.code], [403, 'FORBIDDEN'])
    const traps = app.log.filter(line => line.trap === 'permanent-delete')
    assert.deepEqual(
      traps.map(({ tenant, route }) => [tenant, route]),
      [['user_abc123', '/v2/users/:id']],
    )
  })
})

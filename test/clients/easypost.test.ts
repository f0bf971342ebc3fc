// EasyPost's official Node client, unmodified and over a socket: contract section 17.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as easypost from '@easypost/api'
import type { Json } from '../easypost.support.ts'
import { startReceiver, theOnly } from '../receiver.ts'
import { startApp, type TestApp } from '../support.ts'

const SECRET = 'sécret'
const keys = { production: 'EZAKclient', test: 'EZTKclient', slow: 'EZAKslow' }

const seed = (children: number) =>
  JSON.stringify({
    webhooks: { allowPrivateAddresses: true },
    easypost: {
      users: [
        {
          id: 'user_client',
          name: 'Client',
          email: 'client@client.example',
          balance: '12.30',
          rateLimit: { listPerSecond: 10_000, perSecond: 10_000 },
          keys: { production: keys.production, test: keys.test },
          children: Array.from({ length: children }, (_, n) => ({ id: `user_${n}`, name: `Child ${n}` })),
        },
        { name: 'Slow', email: 'slow@slow.example', keys: { production: keys.slow } },
      ],
    },
  })

type Call = (...given: unknown[]) => Promise<Json>

/** The calls used here, by name. */
type Service<Name extends string> = Record<Name, Call>

/** The client as it is used here. Its own types ask for arguments that its code does not take. */
interface Client {
  User: Service<
    'create' | 'retrieve' | 'retrieveMe' | 'update' | 'updateBrand' | 'delete' | 'allChildren' | 'getNextPage'
  >
  ApiKey: Service<'all' | 'create' | 'disable' | 'enable' | 'delete' | 'retrieveApiKeysForUser'>
  Webhook: Service<'create' | 'all' | 'retrieve' | 'update' | 'delete'>
  Event: Service<'all' | 'retrieve' | 'retrieveAllPayloads' | 'retrievePayload' | 'getNextPage'>
  Utils: { validateWebhook(body: Buffer, headers: object, secret: string): Json }
}
type ClientClass = new (key: string, options: { baseUrl: string }) => Client
// The package's types describe another shape of module than the one it is.
const EasyPostClient = easypost.default as unknown as ClientClass

interface Started {
  app: TestApp
  clientFor(key: string): Client
  client: Client
}

async function start(children = 0): Promise<Started> {
  const app = await startApp(seed(children))
  const origin = await app.app.listen()
  const clientFor = (key: string) => new EasyPostClient(key, { baseUrl: `${origin}/v2/` })
  return { app, clientFor, client: clientFor(keys.production) }
}

/** Class names are shortened in the published build: these three are what can be told. */
async function assertRejects(
  call: Promise<Json>,
  statusCode: number,
  code: string,
  errors: object[] = [],
): Promise<void> {
  await assert.rejects(call, (error: Json) => {
    assert.deepEqual([error.statusCode, error.code], [statusCode, code])
    assert.deepEqual(error.errors, errors)
    assert.ok(typeof error.message === 'string' && error.message !== '')
    return true
  })
}

describe('User', () => {
  test('create, retrieve, update, updateBrand, delete', async () => {
    const { client, clientFor } = await start()
    const child = await client.User.create({ name: 'Tenant One', email: 'ops@tenant-one.example' })
    assert.match(child.id, /^user_/)
    assert.deepEqual(
      child.api_keys.map((key: Json) => key.mode),
      ['test', 'production'],
    )
    assert.equal((await client.User.retrieve(child.id)).name, 'Tenant One')
    const updated = await client.User.update(child.id, { recharge_amount: '50.00', name: 'Tenant 1' })
    assert.deepEqual([updated.recharge_amount, updated.name], ['50.00', 'Tenant 1'])
    const self = await client.User.update('user_client', { phone_number: '5551234567', balance: '99999.00' })
    assert.deepEqual([self.phone_number, self.balance], ['5551234567', '12.30'])
    const brand = await client.User.updateBrand(child.id, { color: '#123456', theme: 'theme2' })
    assert.match(brand.id, /^brd_/)
    assert.deepEqual([brand.color, brand.theme, brand.user_id], ['#123456', 'theme2', child.id])
    assert.equal(await client.User.delete(child.id), undefined)
    await assertRejects(client.User.retrieve(child.id), 404, 'NOT_FOUND')
    const [, production] = child.api_keys
    await assertRejects(clientFor(production.key).User.retrieveMe(), 403, 'APIKEY.INACTIVE')
    const missing = [{ field: 'name', message: 'cannot be blank' }]
    await assertRejects(client.User.create({ phone_number: '1' }), 422, 'PARAMETER.REQUIRED', missing)
  })

  test('retrieveMe holds the new child', async () => {
    const { client } = await start()
    assert.deepEqual((await client.User.retrieveMe()).children, [])
    const child = await client.User.create({ name: 'Child' })
    const me = await client.User.retrieveMe()
    assert.deepEqual(
      me.children.map(({ id }: Json) => id),
      [child.id],
    )
    assert.equal(me.balance, '12.30')
  })

  /** To the end with the client's own helper. */
  async function walk(client: Client, first: Json): Promise<string[]> {
    const seen: string[] = []
    for (let page = first; ; page = await client.User.getNextPage(page)) {
      seen.push(...page.children.map(({ id }: Json) => id))
      if (page.has_more) continue
      const beyond = client.User.getNextPage(page)
      await assert.rejects(beyond, /There are no more pages to retrieve\./)
      return seen
    }
  }

  for (const [what, given, size] of [
    ['page_size 2', [{ page_size: 2 }], 7],
    ['page_size 2, a full last page', [{ page_size: 2 }], 8],
    ['no arguments', [], 45],
    ['page_size 20 over 250 children', [{ page_size: 20 }], 250],
  ] as const) {
    test(`allChildren and getNextPage: ${what}`, async () => {
      const { client } = await start(size)
      const seen = await walk(client, await client.User.allChildren(...given))
      assert.deepEqual(
        seen,
        Array.from({ length: size }, (_, n) => `user_${n}`),
      )
    })
  }
})

describe('ApiKey', () => {
  test('all, create, disable, enable, delete', async () => {
    const { client, clientFor } = await start(2)
    const tree = await client.ApiKey.all()
    assert.equal(tree.id, 'user_client')
    assert.deepEqual(
      tree.children.map((node: Json) => [node.id, node.keys.length, node.children]),
      [
        ['user_0', 2, []],
        ['user_1', 2, []],
      ],
    )
    const made = await client.ApiKey.create('production')
    const other = clientFor(made.key)
    assert.equal((await other.User.retrieveMe()).id, 'user_client')
    assert.equal((await client.ApiKey.disable(made.id)).active, false)
    await assertRejects(other.User.retrieveMe(), 403, 'APIKEY.INACTIVE')
    assert.equal((await client.ApiKey.enable(made.id)).active, true)
    assert.equal((await other.User.retrieveMe()).id, 'user_client')
    assert.equal(await client.ApiKey.delete(made.id), undefined)
    await assertRejects(other.User.retrieveMe(), 403, 'APIKEY.INACTIVE')
    const own = await client.ApiKey.retrieveApiKeysForUser('user_client')
    assert.equal(own.length, 2)
  })
})

describe('Webhook and Event', () => {
  test('create, all, retrieve, update, delete', async () => {
    const { client } = await start()
    const custom_headers = [{ name: 'x-team', value: 'ops' }]
    const made = await client.Webhook.create({ url: 'https://a.example/in', webhook_secret: SECRET, custom_headers })
    assert.match(made.id, /^hook_/)
    const [{ name, value }] = made.custom_headers
    assert.deepEqual([name, value], ['x-team', 'ops'])
    const { webhooks } = await client.Webhook.all()
    assert.deepEqual(
      webhooks.map(({ id }: Json) => id),
      [made.id],
    )
    assert.equal((await client.Webhook.retrieve(made.id)).url, 'https://a.example/in')
    assert.equal((await client.Webhook.update(made.id, { webhook_secret: 'new' })).disabled_at, null)
    assert.equal((await client.Webhook.update(made.id)).disabled_at, null)
    assert.equal(await client.Webhook.delete(made.id), undefined)
    await assertRejects(client.Webhook.retrieve(made.id), 404, 'NOT_FOUND')
  })

  test('validateWebhook takes a real delivery, and nothing that was changed; the event can be read', async () => {
    const { app, client } = await start()
    const receiver = await startReceiver()
    await client.Webhook.create({ url: receiver.url, webhook_secret: SECRET })
    const child = await client.User.create({ name: 'Tenant "weight": 12, {"weight": 12}' })
    await receiver.got(1)
    const { body, headers } = theOnly(receiver)
    const event = client.Utils.validateWebhook(Buffer.from(body), headers, SECRET)
    assert.deepEqual([event.description, event.result.id], ['user.created', child.id])
    const changed = Buffer.from(body.replace('user.created', 'user.deleted'))
    assert.throws(() => client.Utils.validateWebhook(changed, headers, SECRET))
    assert.throws(() => client.Utils.validateWebhook(Buffer.from(body), headers, 'another'))
    await app.app.runJobs()

    const { events, has_more } = await client.Event.all({ page_size: 5 })
    assert.deepEqual([events[0].id, events[0].description, has_more], [event.id, 'user.created', false])
    assert.equal((await client.Event.retrieve(event.id)).status, 'completed')
    const [payload] = await client.Event.retrieveAllPayloads(event.id)
    assert.equal(payload.response_code, 200)
    assert.equal((await client.Event.retrievePayload(event.id, payload.id)).id, payload.id)
    const unknown = client.Event.retrievePayload(event.id, 'payload_11111111111111111111111111111111')
    await assertRejects(unknown, 404, 'PAYLOAD.NOT_FOUND')
  })

  test('events are paged with the client’s own helper', async () => {
    const { client } = await start()
    for (let n = 0; n < 5; n++) await client.User.update('user_client', { name: `Name ${n}` })
    let page = await client.Event.all({ page_size: 2 })
    const sizes = [page.events.length]
    while (page.has_more) {
      page = await client.Event.getNextPage(page)
      sizes.push(page.events.length)
    }
    assert.deepEqual(sizes, [2, 2, 1])
    await assert.rejects(client.Event.getNextPage(page), /There are no more pages/)
  })
})

test('a wrong key, a test key, a limit that is exceeded', async () => {
  const { app, clientFor } = await start()
  await assertRejects(clientFor('EZAKnobody').User.retrieveMe(), 403, 'APIKEY.INACTIVE')
  await assertRejects(clientFor(keys.test).ApiKey.all(), 403, 'MODE.UNAUTHORIZED')
  const slow = clientFor(keys.slow)
  for (let used = 0; used < 5; used++) await slow.User.allChildren()
  const requestsBefore = requestsIn(app)
  await assertRejects(slow.User.allChildren(), 429, 'RATE_LIMITED')
  assert.equal(requestsIn(app), requestsBefore + 1, 'it was not retried')
})

function requestsIn({ log }: TestApp): number {
  return log.filter(line => line.msg === 'request').length
}

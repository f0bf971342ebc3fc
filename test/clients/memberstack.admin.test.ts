// Memberstack's official Node package for servers, unmodified and over a socket: contract section 17.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import memberstackAdmin, { type AdminClient } from '@memberstack/admin'
import {
  acme,
  acmeWith,
  ada,
  assertAda,
  CONNECTION_ID,
  freeConnection,
  ids,
  keys,
  MEMBER_ID,
  memberRecord,
  PASSWORD,
  plans,
  SEED,
  seedOf,
} from '../memberstack.support.ts'
import { assertRefused, assertVerified } from '../memberstack.verifiers.ts'
import { startReceiver, theOnly } from '../receiver.ts'
import { startApp, type TestApp } from '../support.ts'
import { assertRejects } from './rejects.ts'

interface Started {
  app: TestApp
  origin: string
  client: AdminClient
}

/** The package with a secret key, by default that of Acme's sandbox. */
async function start({ key = keys.acme, ending = '', seed = SEED } = {}): Promise<Started> {
  const app = await startApp(seed)
  const origin = await app.app.listen()
  return { app, origin, client: memberstackAdmin.init(key, { baseUrl: `${origin}${ending}` }) }
}

const NO_MEMBER = 'There is no member with this identifier.'

for (const ending of ['', '/']) {
  describe(`a base URL that ends with "${ending}"`, () => {
    test('create, retrieve, update, delete', async () => {
      const { client } = await start({ ending })
      const fields = {
        customFields: { 'first-name': 'Grace', country: 'Norway' },
        metaData: { source: 'import', note: 'x' },
        json: { score: 1, list: [1] },
        loginRedirect: '/grace',
      }
      const created = await client.members.create({
        email: 'Grace+1@acme.example',
        password: PASSWORD,
        plans: [{ planId: plans.free.id }],
        ...fields,
      })
      const { id, planConnections } = created.data
      assert.match(id, MEMBER_ID)
      const [connection] = planConnections
      assert.ok(typeof connection === 'object')
      assert.match(connection.id, CONNECTION_ID)
      const record = memberRecord({
        id,
        auth: { email: 'Grace+1@acme.example' },
        ...fields,
        permissions: ['view:library'],
        planConnections: [freeConnection(connection.id, plans.free)],
      })
      assert.deepEqual(created, { data: record })
      assert.deepEqual(await client.members.retrieve({ id }), { data: record })
      assert.deepEqual(await client.members.retrieve({ email: 'grace+1@ACME.example' }), { data: record })

      const data = { verified: true, customFields: { country: null, 'first-name': 'Jo' }, metaData: { note: '', n: 0 } }
      const changed = {
        ...record,
        verified: true,
        customFields: { 'first-name': 'Jo' },
        metaData: { source: 'import', n: 0 },
      }
      assert.deepEqual(await client.members.update({ id, data }), { data: changed })
      const more = {
        email: "o'neil/x?y#z%@acme.example",
        json: [2],
        loginRedirect: '/',
        profileImage: 'https://a/b.png',
      }
      const { email, ...replaced } = more
      assert.deepEqual(await client.members.update({ id, data: more }), {
        data: { ...changed, auth: { email }, ...replaced },
      })
      assert.equal((await client.members.retrieve({ email })).data.id, id)

      assert.deepEqual(await client.members.delete({ id }), { data: { id } })
      assert.deepEqual(await client.members.retrieve({ id }), { data: null })
      assert.deepEqual(await client.members.retrieve({ email }), { data: null })
    })

    test('addFreePlan and removeFreePlan', async () => {
      const { client } = await start({ ending })
      const given = { id: ids.ben, data: { planId: plans.plus.id } }
      assert.equal(await client.members.addFreePlan(given), 'OK')
      assert.equal(await client.members.addFreePlan(given), 'OK')
      const { data } = await client.members.retrieve({ id: ids.ben })
      assert.equal(data.planConnections.length, 1)
      assert.deepEqual(data.permissions, plans.plus.permissions)
      assert.equal(await client.members.removeFreePlan(given), 'OK')
      assert.deepEqual((await client.members.retrieve({ id: ids.ben })).data.planConnections, [])
      await assertRejects(client.members.removeFreePlan(given), 'no-plan-found')
    })

    test('list', async () => {
      const { client } = await start({ ending })
      const { data, ...about } = await client.members.list()
      assert.deepEqual(
        data.map(({ id }) => id),
        [ids.ada, ids.ben],
      )
      assert.deepEqual(about, { totalCount: 2, endCursor: 3, hasNextPage: false, hasMore: false })
      const last = await client.members.list({ order: 'DESC', limit: 1 })
      assert.deepEqual([last.data[0]?.id, last.hasNextPage], [ids.ben, true])
      const next = await client.members.list({ order: 'DESC', limit: 1, after: last.endCursor })
      assert.deepEqual([next.data[0]?.id, next.hasNextPage], [ids.ada, false])
    })
  })
}

test('a member that is not there: retrieve finds null, all others reject', async () => {
  const { client } = await start()
  const { members } = client
  const id = 'mem_sb_cnobody000000000000000000'
  assert.deepEqual(await members.retrieve({ id }), { data: null })
  assert.deepEqual(await members.retrieve({ id: ids.adaLive }), { data: null })
  assert.deepEqual(await members.retrieve({ email: 'nobody@acme.example' }), { data: null })
  await assertRejects(members.update({ id, data: { verified: true } }), 'generic-message', NO_MEMBER)
  await assertRejects(members.delete({ id }), 'generic-message', NO_MEMBER)
  await assertRejects(members.delete({ id, data: { deleteStripeCustomer: true } }), 'generic-message', NO_MEMBER)
  const plan = { id, data: { planId: plans.free.id } }
  await assertRejects(members.addFreePlan(plan), 'generic-message', NO_MEMBER)
  await assertRejects(members.removeFreePlan(plan), 'generic-message', NO_MEMBER)
})

test('delete with its flags, where no Stripe is connected', async () => {
  const { client } = await start()
  const data = { deleteStripeCustomer: true, cancelStripeSubscriptions: true }
  assert.deepEqual(await client.members.delete({ id: ids.ada, data }), { data: { id: ids.ada } })
  assert.deepEqual(await client.members.retrieve({ id: ids.ada }), { data: null })
})

test('the live key opens the live environment alone', async () => {
  const { client } = await start({ key: keys.acmeLive })
  const { data } = await client.members.list()
  assert.deepEqual(
    data.map(({ id }) => id),
    [ids.adaLive],
  )
  assert.deepEqual(await client.members.retrieve({ id: ids.ada }), { data: null })
})

test('every rejection is exactly {code, message}', async () => {
  const { client, origin } = await start()
  const { members } = client
  const email = 'new@acme.example'
  const create = (changes: object) => members.create({ email, password: PASSWORD, ...changes })
  const taken = 'An account with this email already exists.'
  await assertRejects(create({ email: ada.email.toUpperCase() }), 'email-already-in-use', taken)
  await assertRejects(create({ email: 'no email' }), 'invalid-email', 'The email address format is invalid.')
  const short = 'Password must be at least 8 characters.'
  await assertRejects(create({ password: '1234567' }), 'invalid-password-too-short', short)
  await assertRejects(create({ password: undefined }), 'required-field-missing')
  await assertRejects(create({ plans: [{ planId: plans.paid.id }] }), 'plan-not-free')
  await assertRejects(create({ plans: [{ planId: 'pln_nowhere' }] }), 'plan-not-found')
  await assertRejects(create({ customFields: 'text' }), 'generic-message')
  assert.deepEqual(await members.retrieve({ email }), { data: null })
  await assertRejects(client.dataTables.list(), 'generic-message', 'Cannot GET /v2/data-tables')

  const badKey = 'The provided secret key is invalid.'
  for (const key of ['sk_sb_nobody', 'nonsense', keys.acmePublic]) {
    const { members } = memberstackAdmin.init(key, { baseUrl: origin })
    await assertRejects(members.list(), 'validation/invalid-secret-key', badKey)
  }
})

test('over the limit of 25 a second, and a second later', async () => {
  const { rateLimit: _, ...settings } = acme.settings
  const { client, app } = await start({ seed: seedOf({ ...acme, settings }) })
  for (let used = 0; used < 25; used++) await client.members.retrieve({ id: ids.ada })
  const tooMany = 'Too many requests, please try again later.'
  await assertRejects(client.members.retrieve({ id: ids.ada }), 'generic-message', tooMany)
  app.clock.advance(1000)
  assertAda((await client.members.retrieve({ id: ids.ada })).data)
})

test('a limit above the most is capped, and the page says that there is more', async () => {
  const sandbox = Array.from({ length: 101 }, (_, n) => ({ email: `member-${n}@acme.example` }))
  const { client } = await start({ seed: seedOf(acmeWith({}, { members: { sandbox } })) })
  const { data, hasNextPage } = await client.members.list({ limit: 500 })
  assert.deepEqual([data.length, hasNextPage], [100, true])
})

test('verifyWebhookSignature and svix take a real delivery, and nothing that was changed', async () => {
  const receiver = await startReceiver()
  const secret = 'whsec_dW5kZXJzdHVkeS1jb250cmFjdC1leGFtcGxlLWtleSE='
  const webhooks = [{ url: `${receiver.url}/in`, environment: 'sandbox', secret }]
  const { client, app } = await start({ seed: seedOf(acmeWith({}, { webhooks })) })
  const now = app.clock.now()
  const created = await client.members.create({
    email: 'grace@acme.example',
    password: PASSWORD,
    // Text that only its exact bytes keep, and keys whose order a parser changes.
    customFields: { name: 'Gräce "G" \u2028 </script>', 10: 'ten', 9: 'nine' },
  })
  await receiver.got(1)
  const delivery = theOnly(receiver)
  assertVerified(delivery, secret, now)
  const { event, payload } = JSON.parse(delivery.body)
  assert.equal(event, 'member.created')
  assert.deepEqual(payload, created.data)
  const changed = { ...delivery, body: delivery.body.replace('member.created', 'member.deleted') }
  assertRefused(changed, secret, now)
  assertRefused(delivery, 'whsec_bm90IHRoaXMga2V5', now)
  assertRefused(delivery, secret, now + 301_000)
})

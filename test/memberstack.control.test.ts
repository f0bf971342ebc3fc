// Memberstack on the control side: apps with their settings, Stripe, the signing key. Keys, plans and members have files
// of their own.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ACME, APPS, assertOneEvent, fieldsOf, start } from './memberstack.control.support.ts'
import {
  assertRefused,
  call,
  createMember,
  ids,
  type Json,
  keys,
  login,
  ok,
  okClient,
  START,
} from './memberstack.support.ts'
import { assertProblem, type Operator, walk } from './operator.ts'
import { STRIPE_KEY, startStripe } from './stripe.ts'
import { SECOND } from './support.ts'

/** Contract section 14. */
const DEFAULTS = {
  tokenLifetimeSeconds: 1_209_600,
  verifyTokenStrict: true,
  pageSizeMax: 100,
  rateLimit: { perSecond: 25, by: 'ip+key' },
  allowedOrigins: null,
  passwordless: true,
  allowMemberSelfDelete: true,
  customFields: null,
  contentGroups: [],
  sandboxMemberLimit: null,
}

describe('apps', () => {
  test('made with the defaults and nothing in it; read, listed', async () => {
    const { app, operator } = await start()
    const made = await operator.post<Json>(APPS, { name: 'Initech' })
    assert.equal(made.status, 201)
    const { id } = made.body
    assert.match(id, /^app_c[a-z0-9]{24}$/)
    assert.deepEqual(made.body, { id, name: 'Initech', settings: DEFAULTS, createdAt: START })
    assert.deepEqual(await assertOneEvent(app, 'app.created', id, id), { id, name: 'Initech' })
    assert.deepEqual((await operator.get(`${APPS}/${id}`)).body, made.body)
    for (const list of ['plans', 'webhooks', 'deliveries', 'members?environment=sandbox', 'members?environment=live']) {
      assert.deepEqual((await operator.get(`${APPS}/${id}/${list}`)).body, { data: [], next: null })
    }
    assert.deepEqual(await walk(operator, `/keys?tenant=${id}`, 200), [])
  })

  test('a pinned id is kept; taken a second time it is a conflict', async () => {
    const { app, operator } = await start()
    const settings = { passwordless: false, rateLimit: { perSecond: 3 } }
    const made = await operator.post<Json>(APPS, { id: 'app_pinned', name: 'Pinned', settings })
    assert.deepEqual([made.status, made.body.id], [201, 'app_pinned'])
    const rateLimit = { ...DEFAULTS.rateLimit, perSecond: 3 }
    assert.deepEqual(made.body.settings, { ...DEFAULTS, passwordless: false, rateLimit })
    await app.assertEvents('app.created')
    assertProblem(await operator.post(APPS, { id: 'app_pinned', name: 'Other' }), 409, 'conflict')
    assert.equal((await operator.get<Json>(`${APPS}/app_pinned`)).body.name, 'Pinned')
    await app.assertEvents()
  })

  test('listed page by page in the order in which they were made', async () => {
    const { app, operator } = await start()
    for (const id of ['app_z', 'app_y', 'app_x']) {
      app.clock.advance(SECOND)
      await operator.post(APPS, { id, name: id })
    }
    const listed = await walk<Json>(operator, APPS, 2)
    const both = [ids.acme, ids.globex].toSorted()
    assert.deepEqual(
      listed.map(({ id }) => id),
      [...both, 'app_z', 'app_y', 'app_x'],
    )
  })

  test('name and settings change together, what is left out stays; a repeat writes no event', async () => {
    const { app, operator } = await start()
    const before = (await operator.get<Json>(ACME)).body
    const change = { name: 'Acme Inc', settings: { pageSizeMax: 7, rateLimit: { by: 'key' } } }
    const expected = {
      ...before,
      name: 'Acme Inc',
      settings: { ...before.settings, pageSizeMax: 7, rateLimit: { ...before.settings.rateLimit, by: 'key' } },
    }
    assert.deepEqual((await operator.patch(ACME, change)).body, expected)
    const { name, settings } = expected
    assert.deepEqual(await assertOneEvent(app, 'app.updated', ids.acme, ids.acme), { id: ids.acme, name, settings })
    for (const same of [change, {}, { settings: {} }, { name }, { settings: { rateLimit: {} } }]) {
      assert.deepEqual((await operator.patch(ACME, same)).body, expected)
    }
    await app.assertEvents()
    assert.equal((await operator.get<Json>(`${APPS}/${ids.globex}`)).body.settings.pageSizeMax, 100)
  })

  test('a setting holds for the very next request, and null takes it back', async () => {
    const { app, operator } = await start()
    const set = async (settings: object) => assert.equal((await operator.patch(ACME, { settings })).status, 200)
    const names = async () => (await okClient(app, 'GET', '/app')).customFields.map(({ key }: Json) => key)
    await ok(app, 'GET', '/members')
    assert.deepEqual(await names(), [])

    await set({ pageSizeMax: 1, customFields: [{ key: 'country' }, { key: 'vat', restrictToAdmin: true }] })
    assert.equal((await ok(app, 'GET', '/members?limit=50')).data.length, 1)
    assert.deepEqual(await names(), ['country', 'vat'])
    const { customFields } = await createMember(app, { customFields: { country: 'Chile', other: 1 } })
    assert.deepEqual(customFields, { country: 'Chile' })

    await set({ customFields: null, tokenLifetimeSeconds: 60 })
    assert.deepEqual(await names(), [])
    const { customFields: any } = await createMember(app, { customFields: { other: 1 } })
    assert.deepEqual(any, { other: 1 })
    const { tokens } = await login(app, 'ada@acme.example')
    assert.equal(tokens.expires, app.clock.now() + 60_000)

    await set({ sandboxMemberLimit: 4 })
    assertRefused(
      await call(app, 'POST', '/members', { body: { email: 'fifth@acme.example', password: 'long enough' } }),
      'memberLimit',
    )
    await set({ sandboxMemberLimit: null })
    await createMember(app)
    await set({ rateLimit: { perSecond: 2 } })
    app.clock.advance(SECOND)
    assert.equal((await call(app, 'GET', '/members')).headers['ratelimit-limit'], '2')
  })

  test('content groups are replaced whole, and shown to pages', async () => {
    const { app, operator } = await start()
    const group = {
      name: 'Library',
      key: 'library',
      urls: [{ url: '/library', filter: 'STARTS' }],
      plans: ['pln_free'],
    }
    await operator.patch(ACME, { settings: { contentGroups: [{ name: 'Archive' }, group] } })
    await operator.patch(ACME, { settings: { contentGroups: [group] } })
    const [shown, ...more] = await okClient(app, 'GET', '/app/content-groups')
    assert.deepEqual(more, [])
    const { id, ...rest } = shown
    assert.equal(typeof id, 'string')
    assert.deepEqual(rest, { ...group, allowAllMembers: false, redirect: null, plans: [{ id: 'pln_free' }] })
  })

  const unfit: [settings: object, path: string][] = [
    [{ tokenLifetimeSeconds: 0 }, 'settings.tokenLifetimeSeconds'],
    [{ tokenLifetimeSeconds: 1.5 }, 'settings.tokenLifetimeSeconds'],
    [{ tokenLifetimeSeconds: '60' }, 'settings.tokenLifetimeSeconds'],
    [{ verifyTokenStrict: null }, 'settings.verifyTokenStrict'],
    [{ pageSizeMax: 0 }, 'settings.pageSizeMax'],
    [{ rateLimit: { perSecond: 0 } }, 'settings.rateLimit.perSecond'],
    [{ rateLimit: { by: 'address' } }, 'settings.rateLimit.by'],
    [{ rateLimit: { per: 1 } }, 'settings.rateLimit.per'],
    [{ sandboxMemberLimit: -1 }, 'settings.sandboxMemberLimit'],
    [{ customFields: [{ label: 'Country' }] }, 'settings.customFields.0.key'],
    [{ contentGroups: [{ key: 'library' }] }, 'settings.contentGroups.0.name'],
    [{ allowedOrigins: ['*'] }, 'settings.allowedOrigins.0'],
    [{ allowedOrigins: ['http://localhost:3000/'] }, 'settings.allowedOrigins.0'],
    [{ theme: 'dark' }, 'settings.theme'],
  ]
  test('what cannot be a setting is refused by its name, new or as a change, and nothing is changed', async () => {
    const { app, operator } = await start()
    for (const [settings, path] of unfit) {
      for (const refused of [
        await operator.post(APPS, { name: 'A', settings }),
        await operator.patch(ACME, { settings }),
      ]) {
        assert.ok(fieldsOf(refused).includes(path), `${path} in ${JSON.stringify(refused.body.errors)}`)
      }
    }
    await app.assertEvents()
  })

  test('what cannot be an app is refused', async () => {
    const { app, operator } = await start()
    for (const [body, path] of [
      [{}, 'name'],
      [{ name: '  ' }, 'name'],
      [{ name: 5 }, 'name'],
      [{ name: 'A', id: 'org_a' }, 'id'],
      [{ name: 'A', id: 'app_a/b' }, 'id'],
      [{ name: 'A', keys: {} }, 'keys'],
    ] as const) {
      assert.deepEqual(fieldsOf(await operator.post(APPS, body)), [path])
    }
    assert.deepEqual(fieldsOf(await operator.patch(ACME, { id: 'app_other' })), ['id'])
    await app.assertEvents()
  })
})

describe('stripe', () => {
  const connectionOf = (operator: Operator, environment = 'sandbox') => operator.get(`${ACME}/stripe/${environment}`)
  const connect = (operator: Operator, body: object, environment = 'sandbox') =>
    operator.call('PUT', `${ACME}/stripe/${environment}`, body)

  test('an environment is connected, used, and disconnected; its key is sealed and never shown', async () => {
    const { app, operator } = await start()
    const stripe = await startStripe({ customers: { cus_ada: [], cus_ben: [] } })
    const none = { environment: 'sandbox', connected: false, apiBase: null }
    assert.deepEqual((await connectionOf(operator)).body, none)

    const connected = await connect(operator, { secretKey: STRIPE_KEY, apiBase: stripe.apiBase })
    const expected = { environment: 'sandbox', connected: true, apiBase: stripe.apiBase }
    assert.deepEqual([connected.status, connected.body], [200, expected])
    const told = await assertOneEvent(app, 'app.stripe_updated', ids.acme, ids.acme)
    assert.deepEqual(told, { environment: 'sandbox', connected: true })
    assert.deepEqual((await connectionOf(operator)).body, expected)
    assert.deepEqual((await connectionOf(operator, 'live')).body, { ...none, environment: 'live' })
    await ok(app, 'DELETE', `/members/${ids.ada}`, { body: { deleteStripeCustomer: true } })
    assert.deepEqual(stripe.newLines(), ['DELETE /v1/customers/cus_ada'])

    await operator.patch(`${ACME}/members/${ids.ben}`, { stripeCustomerId: 'cus_ben' })
    await app.newEvents()
    const gone = await operator.delete(`${ACME}/stripe/sandbox`)
    assert.deepEqual([gone.status, gone.body], [204, null])
    const data = await assertOneEvent(app, 'app.stripe_updated', ids.acme, ids.acme)
    assert.deepEqual(data, { environment: 'sandbox', connected: false })
    assert.deepEqual((await connectionOf(operator)).body, none)
    await ok(app, 'DELETE', `/members/${ids.ben}`, { body: { deleteStripeCustomer: true } })
    const [deleted] = await app.newEvents()
    const outcome = { deleteStripeCustomer: true, cancelStripeSubscriptions: false, outcome: 'not connected' }
    assert.deepEqual(deleted?.data.stripe, outcome)
    assert.deepEqual(stripe.newLines(), [])
    assert.ok(!JSON.stringify([connected.body, app.log, await walk(operator, '/events', 200)]).includes(STRIPE_KEY))
  })

  test('kept sealed, each environment’s for itself; a new key takes the place of the old', async () => {
    const { app, operator } = await start()
    const keysOf = { sandbox: 'sk_test_of_the_sandbox', live: 'rk_live_of_the_live_one' }
    await connect(operator, { secretKey: 'sk_test_before' })
    for (const [environment, secretKey] of Object.entries(keysOf)) {
      assert.equal((await connect(operator, { secretKey }, environment)).status, 200)
    }
    const rows = await app.app.context.db.selectFrom('memberstack_environments').selectAll().execute()
    const sealed = rows.filter(({ app_id }) => app_id === ids.acme).map(row => row.sealed_stripe_key)
    assert.equal(new Set(sealed).size, 2)
    const written = JSON.stringify([rows, app.log, await walk(operator, '/events', 200)])
    for (const secret of [...Object.values(keysOf), 'sk_test_before']) assert.ok(!written.includes(secret))

    const stripe = await startStripe({ key: keysOf.sandbox, customers: { cus_ada: [] } })
    await connect(operator, { secretKey: keysOf.sandbox, apiBase: stripe.apiBase })
    await ok(app, 'DELETE', `/members/${ids.ada}`, { body: { deleteStripeCustomer: true } })
    assert.equal(stripe.hasCustomer('cus_ada'), false)
  })

  test('refused: a live key on the sandbox, what is no key, what is no origin; nothing of it comes back', async () => {
    const { app, operator } = await start()
    const key = 'sk_test_good_key'
    for (const [body, path] of [
      [{ secretKey: 'sk_live_secret_of_stripe' }, 'secretKey'],
      [{ secretKey: 'rk_live_secret_of_stripe' }, 'secretKey'],
      [{ secretKey: 'pk_test_secret_of_stripe' }, 'secretKey'],
      [{ secretKey: '' }, 'secretKey'],
      [{ apiBase: 'https://stripe.example' }, 'secretKey'],
      [{ secretKey: null }, 'secretKey'],
      [{ secretKey: key, apiBase: 'stripe.example' }, 'apiBase'],
      [{ secretKey: key, apiBase: 'https://stripe.example/v1' }, 'apiBase'],
      [{ secretKey: key, apiBase: 'ftp://stripe.example' }, 'apiBase'],
      [{ secretKey: key, account: 'acct_1' }, 'account'],
    ] as const) {
      const refused = await connect(operator, body)
      assert.deepEqual(fieldsOf(refused), [path], JSON.stringify(body))
      assert.ok(!JSON.stringify([refused.body, app.log]).includes('secret_of_stripe'))
    }
    assert.equal((await connectionOf(operator)).body.connected, false)
    assert.deepEqual(fieldsOf(await connect(operator, { secretKey: key }, 'test')), ['environment'])
    await app.assertEvents()
  })
})

test('the signing key is the server’s: rotated for all apps at once, by a name that the key set lists', async () => {
  const { app, operator } = await start()
  const { status, body } = await operator.post<{ kid: string }>('/memberstack/signing-keys/rotate')
  assert.equal(status, 200)
  const { kid } = body
  assert.deepEqual(body, { kid })
  assert.match(kid, /^[0-9a-f]{64}$/)
  assert.deepEqual(await assertOneEvent(app, 'signing_key.rotated', kid, ''), { kid })
  const { keys: set } = (await app.request({ url: '/jwks' })).json()
  assert.ok(set.some((key: Json) => key.kid === kid))
  for (const key of [keys.acmePublic, keys.globexPublic]) {
    const { tokens } = await login(app, 'ada@acme.example', undefined, { key })
    assert.equal(JSON.parse(Buffer.from(tokens.accessToken.split('.')[0], 'base64url').toString()).kid, kid)
  }
})

test('what does not exist is 404, whatever is asked of it', async () => {
  const { app, operator } = await start()
  const none = `${APPS}/app_none`
  const calls: [method: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT', path: string, body?: object][] = [
    ['GET', none],
    ['PATCH', none, { name: 'None' }],
    ['GET', `${none}/stripe/live`],
    ['PUT', `${none}/stripe/live`, { secretKey: 'sk_test_none' }],
    ['DELETE', `${none}/stripe/live`],
    ['GET', `${none}/plans`],
    ['POST', `${none}/plans`, { name: 'None', type: 'FREE' }],
    ['GET', `${ACME}/plans/pln_none`],
    ['PATCH', `${ACME}/plans/pln_none`, { name: 'None' }],
    ['DELETE', `${ACME}/plans/pln_none`],
    ['DELETE', `${APPS}/${ids.globex}/plans/pln_free`],
    ['GET', `${none}/members?environment=live`],
    ['GET', `${none}/members/${ids.ada}`],
    ['GET', `${APPS}/${ids.globex}/members/${ids.ada}`],
    ['POST', `${ACME}/members/mem_sb_none/restore`],
    ['GET', `${none}/webhooks`],
    ['GET', `${none}/deliveries`],
    ['DELETE', ACME],
    ['GET', '/memberstack/nothing'],
  ]
  for (const [method, path, body] of calls) assertProblem(await operator.call(method, path, body), 404, 'notFound')
  await app.assertEvents()
})

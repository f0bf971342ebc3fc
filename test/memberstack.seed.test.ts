// The `memberstack` section of a seed: everything in it lands as it stands there, and what is left out is made. What
// does not fit: cli/seed.refusals.test.ts.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { tryLogin } from './memberstack.client.support.ts'
import { APPS } from './memberstack.control.support.ts'
import {
  assertRefused,
  CONNECTION_ID,
  call,
  callClient,
  freeConnection,
  getMember,
  type Json,
  LIVE_MEMBER_ID,
  login,
  MEMBER_ID,
  memberRecord,
  ok,
  okClient,
  seedOf,
} from './memberstack.support.ts'
import { decode } from './memberstack.tokens.ts'
import { type Body, operatorOf, walk } from './operator.ts'
import { startApp } from './support.ts'

const text = readFileSync(new URL('./fixtures/seed.all.yaml', import.meta.url), 'utf8')
const ACME = 'app_cf3d3n9fh00027tcz48xr7dkp'
const JOHN = 'mem_sb_cl3ddkq070005njvl997d9mf8'
const CREATED = '2026-03-04T09:30:00.000Z'

const app = await startApp(text)
const operator = operatorOf(app)
/** The id of the second app, which was made. */
const beta = await operator
  .get<Json>(APPS)
  .then(({ body }) => body.data.find(({ name }: Json) => name === 'Beta Club').id)

const at = (path: string) => operator.get<Json>(`${APPS}/${path}`).then(({ body }) => body)

describe('the example', () => {
  test('the app with its settings', async () => {
    assert.deepEqual(await at(ACME), {
      id: ACME,
      name: 'Acme Club',
      settings: {
        tokenLifetimeSeconds: 1_209_600,
        verifyTokenStrict: true,
        pageSizeMax: 100,
        rateLimit: { perSecond: 25, by: 'ip+key' },
        allowedOrigins: ['http://localhost:3000'],
        passwordless: true,
        allowMemberSelfDelete: true,
        customFields: null,
        contentGroups: [],
        sandboxMemberLimit: null,
      },
      createdAt: CREATED,
    })
  })

  test('four keys, each for its API and environment; they are the samples', async () => {
    for (const [key, totalCount] of [
      ['sk_sb_acme', 1],
      ['sk_acme', 0],
    ] as const) {
      assert.equal((await ok(app, 'GET', '/members', { key })).totalCount, totalCount)
    }
    for (const [key, mode] of [
      ['pk_sb_acme', 'sandbox'],
      ['pk_acme', 'live'],
    ] as const) {
      const shown = await okClient(app, 'GET', '/app', { key, origin: 'http://localhost:3000' })
      assert.deepEqual([shown.id, shown.mode], [ACME, mode])
    }
    assertRefused(
      await callClient(app, 'GET', '/app', { key: 'pk_acme', origin: 'http://localhost:9' }),
      'accessDenied',
    )
    assert.deepEqual(app.samples.memberstack, {
      secretKey: 'sk_sb_acme',
      liveSecretKey: 'sk_acme',
      publicKey: 'pk_sb_acme',
      livePublicKey: 'pk_acme',
    })
  })

  test('its plans', async () => {
    const bare = { description: null, priority: null, environment: null, prices: [], redirects: {}, createdAt: CREATED }
    const { data } = await at(`${ACME}/plans`)
    const plan = (fields: object) => ({
      ...bare,
      type: 'FREE',
      status: 'ACTIVE',
      restrictToAdmin: false,
      permissions: [],
      ...fields,
    })
    assert.deepEqual(data, [
      plan({ id: 'pln_free', name: 'My Awesome Free Plan', permissions: ['per_basic'] }),
      plan({ id: 'pln_staff', name: 'Staff', restrictToAdmin: true }),
      plan({ id: 'pln_paid', name: 'Gold', type: 'SUBSCRIPTION' }),
    ])
  })

  test('the member, who can log in; nobody else is there', async () => {
    const member = await getMember(app, 'john@doe.test', { key: 'sk_sb_acme' })
    const [connection] = member.planConnections
    assert.match(connection.id, CONNECTION_ID)
    assert.deepEqual(
      member,
      memberRecord({
        id: JOHN,
        auth: { email: 'john@doe.test' },
        customFields: { country: 'Germany' },
        metaData: { avatar: 'photo.png' },
        permissions: ['view:basic:workouts', 'per_basic'],
        loginRedirect: '/john-welcome',
        stripeCustomerId: 'cus_1',
        planConnections: [freeConnection(connection.id, { id: 'pln_free', name: 'My Awesome Free Plan' })],
      }),
    )
    const { tokens, redirect } = await login(app, 'john@doe.test', '123123123', { key: 'pk_sb_acme' })
    const { claims } = decode(tokens.accessToken)
    assert.deepEqual([claims.iss, claims.aud, claims.id], ['https://api.memberstack.com', ACME, JOHN])
    assert.deepEqual([claims.exp - claims.iat, redirect], [1_209_600, '/john-welcome'])
    assertRefused(await tryLogin(app, 'john@doe.test', '123123123', { key: 'pk_acme' }), 'invalidCredentials')
  })

  test('Stripe and the webhook, of the sandbox alone', async () => {
    const sandbox = { environment: 'sandbox', connected: true, apiBase: 'http://127.0.0.1:12111' }
    assert.deepEqual(await at(`${ACME}/stripe/sandbox`), sandbox)
    assert.deepEqual(await at(`${ACME}/stripe/live`), { environment: 'live', connected: false, apiBase: null })
    const [hook, ...more] = (await at(`${ACME}/webhooks`)).data
    assert.deepEqual(more, [])
    assert.deepEqual([hook.url, hook.environment, hook.events], ['http://127.0.0.1:9000/memberstack', 'sandbox', []])
  })
})

describe('what else a seed can say', () => {
  test('settings by part, custom fields, content groups', async () => {
    const { settings } = await at(beta)
    assert.deepEqual(settings.rateLimit, { perSecond: 25, by: 'ip' })
    assert.equal(settings.sandboxMemberLimit, 2)
    const shown = await okClient(app, 'GET', '/app', { key: 'pk_live_beta' })
    const country = { key: 'country', label: 'Country', hidden: false, visibility: 'PUBLIC', restrictToAdmin: false }
    const vat = { key: 'vat-number', label: 'vat-number', hidden: true, visibility: 'PRIVATE', restrictToAdmin: true }
    assert.deepEqual(shown.customFields, [
      { ...country, order: 0 },
      { ...vat, order: 1 },
    ])
    const library = {
      id: 'cg_library',
      name: 'Library',
      key: 'library',
      allowAllMembers: true,
      redirect: '/login',
      urls: [{ url: '/library', filter: 'STARTS' }],
      plans: [{ id: 'pln_trial' }],
    }
    assert.deepEqual(shown.contentGroups, [library])
  })

  test('keys with their holder, pinned or made', async () => {
    const found = await walk<Json>(operator, `/keys?tenant=${beta}`, 200)
    assert.deepEqual(
      found.map(({ mode, holder, active }) => [mode, holder, active]),
      [
        ['secret:sandbox', 'jane@acme.test', true],
        ['secret:live', 'jane@acme.test', true],
        ['public:sandbox', null, true],
        ['public:live', null, true],
      ],
    )
    assert.equal((await ok(app, 'GET', '/members', { key: 'sk_sb_beta' })).totalCount, 3)
  })

  test('plans with prices and redirects, bound to an environment, inactive', async () => {
    const trial = {
      id: 'pln_trial',
      name: 'Trial',
      description: 'A month of everything.',
      priority: 2,
      type: 'SUBSCRIPTION',
      status: 'ACTIVE',
      environment: 'sandbox',
      restrictToAdmin: false,
      permissions: ['view:all', 'view:library'],
      prices: [
        {
          id: 'prc_monthly',
          amount: 12.5,
          name: 'Monthly',
          type: 'SUBSCRIPTION',
          status: 'ACTIVE',
          currency: 'usd',
          interval: { type: 'MONTHLY', count: 1 },
        },
      ],
      redirects: { afterSignup: '/hello', afterLogin: '/library', afterLogout: '/bye' },
      createdAt: CREATED,
    }
    assert.deepEqual(await at(`${beta}/plans/pln_trial`), trial)
    assert.equal((await at(`${beta}/plans/pln_old`)).status, 'INACTIVE')
  })

  test('members in any state, more than a sandbox may have', async () => {
    const { data } = await ok(app, 'GET', '/members?includeJSON=true', { key: 'sk_sb_beta' })
    const [jane, nina, third] = data
    const [old, trial] = jane.planConnections
    assert.match(jane.id, MEMBER_ID)
    assert.deepEqual(
      jane,
      memberRecord({
        id: jane.id,
        auth: { email: 'Jane@Acme.test' },
        verified: true,
        profileImage: 'https://images.test/jane.png',
        customFields: { country: 'Norway', 'vat-number': 5 },
        json: [1, { two: null }],
        permissions: ['view:all', 'view:library'],
        planConnections: [
          freeConnection(old.id, { id: 'pln_old', name: 'Old' }),
          {
            id: trial.id,
            active: true,
            status: 'TRIALING',
            planId: 'pln_trial',
            planName: 'Trial',
            type: 'SUBSCRIPTION',
            payment: { amount: 0, until: '2026-04-04' },
          },
        ],
      }),
    )
    const [unpaid] = nina.planConnections
    assert.deepEqual([unpaid.status, unpaid.active, unpaid.payment], ['REQUIRES_PAYMENT', false, null])
    assert.deepEqual([nina.permissions, third.planConnections], [[], []])
    const body = { email: 'fourth@acme.test', password: 'long enough' }
    assertRefused(await call(app, 'POST', '/members', { key: 'sk_sb_beta', body }), 'memberLimit')
    const live = await login(app, 'jane@acme.test', 'another password', { key: 'pk_live_beta' })
    assert.match(live.member.id, LIVE_MEMBER_ID)
  })

  test('Stripe and webhooks of the live environment', async () => {
    assert.deepEqual(await at(`${beta}/stripe/live`), { environment: 'live', connected: true, apiBase: null })
    const [hook] = (await at(`${beta}/webhooks`)).data
    assert.deepEqual([hook.environment, hook.events], ['live', ['member.plan.*', 'member.deleted']])
  })
})

test('each step has its event, by the seed; nothing is sent, and no secret is told', async () => {
  const written = await walk<Body>(operator, '/events?vendor=memberstack', 200)
  const seeded = written.filter(({ actor }) => actor === 'cli:seed')
  const counts = Object.groupBy(seeded, ({ type }) => String(type))
  assert.deepEqual(Object.fromEntries(Object.entries(counts).map(([type, found]) => [type, found?.length])), {
    'setting.updated': 1,
    'app.created': 2,
    'credential.created': 8,
    'plan.created': 5,
    'app.stripe_updated': 2,
    'member.created': 5,
    'member.plan.added': 4,
    'webhook.created': 2,
  })
  await app.app.runJobs()
  for (const id of [ACME, beta]) assert.deepEqual(await walk(operator, `${APPS}/${id}/deliveries`, 200), [])
  const { db } = app.app.context
  const stored = [
    await db.selectFrom('memberstack_members').selectAll().execute(),
    await db.selectFrom('memberstack_environments').selectAll().execute(),
    await db.selectFrom('webhook_endpoints').selectAll().execute(),
    await db.selectFrom('credentials').selectAll().execute(),
  ]
  const told = JSON.stringify([written, stored, app.log])
  for (const secret of [
    '123123123',
    "jane's own password",
    'another password',
    'sk_test_stripe',
    'rk_live_stripe',
    'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    'sk_sb_acme',
    'pk_live_beta',
  ]) {
    assert.ok(!told.includes(secret), secret)
  }
})

test('a name alone is enough: the rest is made, or is as the vendor has it', async () => {
  const bare = await startApp(seedOf({ name: 'Bare' }))
  const samples = bare.samples.memberstack ?? {}
  assert.deepEqual(Object.keys(samples), ['secretKey', 'liveSecretKey', 'publicKey', 'livePublicKey'])
  const { secretKey = '', liveSecretKey = '', publicKey = '', livePublicKey = '' } = samples
  assert.match(secretKey, /^sk_sb_/)
  assert.match(liveSecretKey, /^sk_live_/)
  assert.match(publicKey, /^pk_sb_/)
  assert.match(livePublicKey, /^pk_live_/)
  for (const key of [secretKey, liveSecretKey]) {
    assert.deepEqual((await ok(bare, 'GET', '/members', { key })).data, [])
  }
  const [shown, live] = [
    await okClient(bare, 'GET', '/app', { key: publicKey }),
    await okClient(bare, 'GET', '/app', { key: livePublicKey }),
  ]
  assert.match(shown.id, /^app_c[a-z0-9]{24}$/)
  assert.deepEqual([shown.id, shown.plans, shown.contentGroups], [live.id, [], []])
})

test('the issuer of a seed is in every token from then on', async () => {
  const issuer = 'https://issuer.test'
  const memberstack = {
    issuer,
    apps: [
      {
        name: 'A',
        keys: { sandboxPublic: 'pk_sb_a', sandboxSecret: 'sk_sb_a' },
        members: { sandbox: [{ email: 'a@a.test', password: 'long enough' }] },
      },
    ],
  }
  const other = await startApp(JSON.stringify({ memberstack }))
  const { tokens } = await login(other, 'a@a.test', 'long enough', { key: 'pk_sb_a' })
  assert.equal(decode(tokens.accessToken).claims.iss, issuer)
  const token = tokens.accessToken
  const verified = await ok(other, 'POST', '/members/verify-token', { key: 'sk_sb_a', body: { token } })
  assert.equal(verified.iss, issuer)
})

test('the samples are those of the first app', async () => {
  const keysOf = (name: string) => ({ name, keys: { sandboxSecret: `sk_sb_${name}` } })
  const two = await startApp(seedOf(keysOf('one'), keysOf('two')))
  assert.equal(two.samples.memberstack?.secretKey, 'sk_sb_one')
})

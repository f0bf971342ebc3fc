// Seed files that do not fit: told with file, line and key, and nothing of them is stored.

import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { createApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import * as events from '../../src/platform/events/events.ts'
import { InvalidSeedError, loadSeed, parseSeed } from '../../src/seed/load.ts'

const app = await createApp(await readConfig({ data: ':memory:' }, {}), { log: { write: () => {} } })
after(() => app.close())

/** What a schema refuses: the message begins with these lines. */
const unfit: [text: string, ...says: string[]][] = [
  ['aftership:\n  accounts:\n    - { email: jane }\n', '3: aftership.accounts.0.email: '],
  ['aftership:\n  accounts:\n    - { mail: jane@acme.test }\n', '3: aftership.accounts.0'],
  ['aftership:\n  organizations:\n    - name: A\n      seats: many\n', '4: aftership.organizations.0.seats: '],
  [
    'aftership:\n  organizations:\n    - name: A\n      rateLimit: { perSecond: 0 }\n',
    '4: aftership.organizations.0.rateLimit.perSecond: ',
  ],
  [
    'aftership:\n  organizations:\n    - name: A\n    - name: B\n      plan: x\n',
    '5: aftership.organizations.1.plan: no such setting',
  ],
  [
    'aftership:\n  organizations:\n    - name: A\n      keys:\n        - name: k\n          mode: none\n',
    '6: aftership.organizations.0.keys.0.mode: ',
  ],
  [
    'aftership:\n  organizations:\n    - name: A\n      keys:\n        - { name: k, mode: api_key, key: short }\n',
    '5: aftership.organizations.0.keys.0.key: ',
  ],
  [
    'aftership:\n  apps:\n    - name: A\n      partner: true\n      redirectUris: []\n',
    '5: aftership.apps.0.redirectUris: ',
  ],
  ['easypost:\n  users:\n    - name: A\n      balance: 100\n', '4: easypost.users.0.balance: '],
  ['memberstack:\n  issuer: 5\n', '2: memberstack.issuer: '],
  ['memberstack:\n  apps:\n    - { id: app-a, name: A }\n', '3: memberstack.apps.0.id: '],
  ['memberstack:\n  apps:\n    - name: A\n    - keys: {}\n', '4: memberstack.apps.1: name is missing'],
  [
    'memberstack:\n  apps:\n    - name: A\n      keys: { test: sk_sb_a }\n',
    '4: memberstack.apps.0.keys.test: no such setting',
  ],
  [
    'memberstack:\n  apps:\n    - name: A\n      keys:\n        liveSecret: { key: sk_a, holder: jane }\n',
    '5: memberstack.apps.0.keys.liveSecret: ',
  ],
  [
    'memberstack:\n  apps:\n    - name: A\n      settings:\n        tokenLifetimeSeconds: 0\n        sandboxMemberLimit: none\n',
    '5: memberstack.apps.0.settings.tokenLifetimeSeconds: ',
    '6: memberstack.apps.0.settings.sandboxMemberLimit: ',
  ],
  [
    'memberstack:\n  apps:\n    - name: A\n      stripe:\n        test: { secretKey: sk_test_a }\n',
    '5: memberstack.apps.0.stripe.test: no such setting',
  ],
  [
    'memberstack:\n  apps:\n    - name: A\n      webhooks:\n        - url: https://a.test\n',
    '5: memberstack.apps.0.webhooks.0: environment is missing',
  ],
  [
    'memberstack:\n  apps:\n    - name: A\n      plans:\n        - { name: P, type: PAID }\n',
    '5: memberstack.apps.0.plans.0.type: ',
  ],
  [
    'memberstack:\n  apps:\n    - name: A\n      plans:\n        - name: P\n          type: FREE\n          price: 1\n',
    '7: memberstack.apps.0.plans.0.price: no such setting',
  ],
  [
    'memberstack:\n  apps:\n    - name: A\n      members:\n        test: []\n',
    '5: memberstack.apps.0.members.test: no such setting',
  ],
  [
    'memberstack:\n  apps:\n    - name: A\n      members:\n        sandbox:\n          - { id: mem_a, email: a@b.test }\n',
    '6: memberstack.apps.0.members.sandbox.0.id: ',
  ],
  [
    'memberstack:\n  apps:\n    - name: A\n      members:\n        live:\n          - { id: mem_sb_a, email: a@b.test }\n',
    '6: memberstack.apps.0.members.live.0.id: ',
  ],
  [
    'memberstack:\n  apps:\n    - name: A\n      members:\n        live:\n          - { email: a@b }\n          - { email: " a@b.test" }\n          - { email: "a\\u0001@b.test" }\n',
    '6: memberstack.apps.0.members.live.0.email: ',
    '7: memberstack.apps.0.members.live.1.email: ',
    '8: memberstack.apps.0.members.live.2.email: ',
  ],
  [
    'memberstack:\n  apps:\n    - name: A\n      members:\n        live:\n          - email: a@b.test\n            password: 123123123\n            json: text\n',
    '7: memberstack.apps.0.members.live.0.password: ',
    '8: memberstack.apps.0.members.live.0.json: ',
  ],
  [
    'memberstack:\n  apps:\n    - name: A\n      members:\n        live:\n          - email: a@b.test\n            plans: [{ planId: pln_a, status: active }]\n',
    '7: memberstack.apps.0.members.live.0.plans.0: ',
  ],
  ['control:\n  tokens:\n    - name: a\n      scope: root\n', '4: control.tokens.0.scope: '],
  ['control:\n  tokens:\n    - { name: a, scope: read, token: short }\n', '3: control.tokens.0.token: '],
  ['webhooks: { allowPrivateAddresses: maybe }\n', '1: webhooks.allowPrivateAddresses: '],
  ['tokens: []\n', '1: tokens: no such setting'],
  ['aftership:\n  accounts: [\n', '3: '],
  ['aftership: &a\n  accounts: *b\n', '2: '],
  [
    'aftership:\n  accounts:\n    - { email: a }\n    - { email: b@c.d }\n    - { email: e }\n',
    '3: aftership.accounts.0.email: ',
    '5: aftership.accounts.2.email: ',
  ],
]
for (const [text, ...says] of unfit) {
  test(`told with its line: ${JSON.stringify(text)}`, async () => {
    await assert.rejects(parseSeed('acme.yaml', text), (error: unknown) => {
      assert.ok(error instanceof InvalidSeedError, String(error))
      const lines = error.message.split('\n')
      const expected = says.map(line => `acme.yaml:${line}`)
      assert.deepEqual(
        lines.map((line, index) => line.slice(0, expected[index]?.length)),
        expected,
      )
      return true
    })
  })
}

interface Refused {
  text: string
  line: number
  path: string
  says: RegExp
}

/** What a rule refuses, below accounts on lines 2 to 5: the line, the path and what is wrong. */
const ACCOUNTS = `aftership:
  accounts:
    - { id: acc_1, email: jane@acme.test }
    - { id: acc_2, email: nina@acme.test }
    - { id: acc_3, email: new@acme.test, verified: false }
`
const refused: Refused[] = [
  { text: '    - { email: JANE@acme.test }\n', line: 6, path: 'accounts.3', says: /exists already/ },
  {
    text: '  organizations:\n    - { id: a, name: A }\n    - { id: a, name: B }\n',
    line: 8,
    path: 'organizations.1',
    says: /exists already/,
  },
  {
    text: '  organizations:\n    - name: A\n      roles:\n        - { code: admin, name: Chief }\n',
    line: 9,
    path: 'organizations.0.roles.0',
    says: /exists already/,
  },
  {
    text: '  organizations:\n    - name: A\n      keys:\n        - name: rsa\n          mode: rsa\n          publicKey: none\n',
    line: 11,
    path: 'organizations.0.keys.0.publicKey',
    says: /public key/,
  },
  {
    text: '  organizations:\n    - name: A\n      keys:\n        - { name: a, mode: api_key, key: as_the_same }\n        - { name: b, mode: api_key, key: as_the_same }\n',
    line: 10,
    path: 'organizations.0.keys.1',
    says: /exists already/,
  },
  {
    text: '  organizations:\n    - name: A\n      memberships:\n        - role: member\n          email: nobody@acme.test\n',
    line: 10,
    path: 'organizations.0.memberships.0.email',
    says: /no account is registered/,
  },
  {
    text: '  organizations:\n    - name: A\n      memberships:\n        - { email: new@acme.test, role: member }\n',
    line: 9,
    path: 'organizations.0.memberships.0.email',
    says: /not verified/,
  },
  {
    text: '  organizations:\n    - name: A\n      memberships:\n        - email: jane@acme.test\n          role: chief\n',
    line: 10,
    path: 'organizations.0.memberships.0.role',
    says: /no such role/,
  },
  {
    text: '  organizations:\n    - name: A\n      seats: 1\n      memberships:\n        - { email: jane@acme.test, role: owner }\n        - { email: nina@acme.test, role: member }\n',
    line: 11,
    path: 'organizations.0.memberships.1',
    says: /seats/,
  },
  {
    text: '  organizations:\n    - name: A\n      webhooks:\n        - { url: "ftp://a.test", secret: long enough }\n',
    line: 9,
    path: 'organizations.0.webhooks.0.url',
    says: /http or https/,
  },
  {
    text: '  apps:\n    - name: A\n      partner: true\n      redirectUris:\n        - https://a.test/\n        - http://a.test/\n',
    line: 11,
    path: 'apps.0.redirectUris.1',
    says: /redirect URIs/,
  },
]

/** The same, below a Memberstack app on lines 2 to 4 with a plan on line 6. */
const APP = `memberstack:
  apps:
    - name: A
      id: app_a
      plans:
        - { id: pln_a, name: P, type: FREE, environment: sandbox }
`
const refusedOfMemberstack: Refused[] = [
  { text: '    - { id: app_a, name: B }\n', line: 7, path: 'apps.1', says: /exists already/ },
  {
    text: '        - { id: pln_a, name: Q, type: FREE }\n',
    line: 7,
    path: 'apps.0.plans.1',
    says: /exists already/,
  },
  {
    text: '        - name: Q\n          type: FREE\n          prices: [{ amount: 1, name: M, currency: usd }]\n',
    line: 9,
    path: 'apps.0.plans.1.prices',
    says: /free plan/,
  },
  {
    text: '      keys:\n        liveSecret: sk_a_secret\n        sandboxSecret: sk_live_secret\n',
    line: 9,
    path: 'apps.0.keys.sandboxSecret.key',
    says: /no secret key of the sandbox/,
  },
  {
    text: '      keys:\n        livePublic:\n          key: sk_a_secret\n',
    line: 9,
    path: 'apps.0.keys.livePublic.key',
    says: /no public key of the live/,
  },
  {
    text: '      keys: { liveSecret: sk_a_secret }\n    - name: B\n      keys: { liveSecret: sk_a_secret }\n',
    line: 9,
    path: 'apps.1.keys.liveSecret',
    says: /exists already/,
  },
  {
    text: '      stripe:\n        sandbox: { secretKey: sk_live_secret }\n',
    line: 8,
    path: 'apps.0.stripe.sandbox.secretKey',
    says: /live-mode key/,
  },
  {
    text: '      stripe:\n        live:\n          secretKey: sk_test_secret\n          apiBase: https://a.test/v1\n',
    line: 10,
    path: 'apps.0.stripe.live.apiBase',
    says: /origin/,
  },
  {
    text: '      webhooks:\n        - url: ftp://a.test\n          environment: live\n',
    line: 8,
    path: 'apps.0.webhooks.0.url',
    says: /http or https/,
  },
  {
    text: '      webhooks:\n        - url: https://a.test\n          environment: live\n          secret: a secret\n',
    line: 10,
    path: 'apps.0.webhooks.0.secret',
    says: /signing secret/,
  },
  {
    text: '      webhooks:\n        - url: https://a.test\n          environment: live\n          events:\n            - member.*\n            - member.paid\n',
    line: 12,
    path: 'apps.0.webhooks.0.events.1',
    says: /no such event/,
  },
  {
    text: '      members:\n        live:\n          - { email: a@b.test }\n          - id: mem_a\n            email: A@B.test\n',
    line: 11,
    path: 'apps.0.members.live.1.email',
    says: /another member/,
  },
  {
    text: '      members:\n        live:\n          - { id: mem_a, email: a@b.test }\n          - { id: mem_a, email: c@b.test }\n',
    line: 10,
    path: 'apps.0.members.live.1',
    says: /exists already/,
  },
  {
    text: '      members:\n        sandbox:\n          - email: a@b.test\n            plans:\n              - pln_a\n              - pln_b\n',
    line: 12,
    path: 'apps.0.members.sandbox.0.plans.1',
    says: /no such plan/,
  },
  {
    text: '      members:\n        live:\n          - email: a@b.test\n            plans: [pln_a]\n',
    line: 10,
    path: 'apps.0.members.live.0.plans.0',
    says: /no such plan/,
  },
  {
    text: '      members:\n        live:\n          - email: a@b.test\n            password: "a secret \\ud800"\n',
    line: 10,
    path: 'apps.0.members.live.0.password',
    says: /Unicode/,
  },
  {
    text: `      members:\n        live:\n          - email: a@b.test\n            json: ${'['.repeat(102)}${']'.repeat(102)}\n`,
    line: 10,
    path: 'apps.0.members.live.0.json',
    says: /deep/,
  },
]

const cases = [
  ...refused.map(of => ({ ...of, vendor: 'aftership', above: ACCOUNTS })),
  ...refusedOfMemberstack.map(of => ({ ...of, vendor: 'memberstack', above: APP })),
]
for (const { text, line, path, says, vendor, above } of cases) {
  test(`a rule refuses ${vendor}.${path} (${says.source}): its line, its key, and nothing is stored`, async () => {
    await assert.rejects(loadSeed(app.context, await parseSeed('acme.yaml', above + text)), (error: unknown) => {
      assert.ok(error instanceof InvalidSeedError, String(error))
      const begins = `acme.yaml:${line}: ${vendor}.${path}: `
      assert.equal(error.message.slice(0, begins.length), begins)
      assert.match(error.message, says)
      assert.doesNotMatch(error.message, /a_secret|live_secret|test_secret|a secret/)
      return true
    })
    assert.equal(await events.isEmpty(app.context), true)
    const { db } = app.context
    for (const table of ['aftership_accounts', 'memberstack_apps', 'memberstack_members', 'credentials'] as const) {
      assert.deepEqual(await db.selectFrom(table).selectAll().execute(), [])
    }
  })
}

test('a part that a rule refuses takes the sections before it along', async () => {
  const text = `${ACCOUNTS}${APP}      keys: { liveSecret: pk_a }\n`
  await assert.rejects(
    loadSeed(app.context, await parseSeed('acme.yaml', text)),
    /^Error: acme\.yaml:12: memberstack\.apps\.0\.keys\.liveSecret\.key: /,
  )
  assert.equal(await events.isEmpty(app.context), true)
})

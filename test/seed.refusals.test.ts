// Seed files that do not fit: told with file, line and key, and nothing of them is stored.

import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { createApp } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import * as events from '../src/platform/events/events.ts'
import { InvalidSeedError, loadSeed, parseSeed } from '../src/seed/load.ts'

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
  [
    'memberstack:\n  apps:\n    - name: A\n      plans:\n        - { name: P, type: PAID }\n',
    '5: memberstack.apps.0.plans.0.type: ',
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

/** What a rule refuses, below accounts on lines 2 to 5: the line, the path and what is wrong. */
const ACCOUNTS = `aftership:
  accounts:
    - { id: acc_1, email: jane@acme.test }
    - { id: acc_2, email: nina@acme.test }
    - { id: acc_3, email: new@acme.test, verified: false }
`
const refused: { text: string; line: number; path: string; says: RegExp }[] = [
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

for (const { text, line, path, says } of refused) {
  test(`a rule refuses ${path} (${says.source}): its line, its key, and nothing is stored`, async () => {
    await assert.rejects(loadSeed(app.context, await parseSeed('acme.yaml', ACCOUNTS + text)), (error: unknown) => {
      assert.ok(error instanceof InvalidSeedError, String(error))
      const begins = `acme.yaml:${line}: aftership.${path}: `
      assert.equal(error.message.slice(0, begins.length), begins)
      assert.match(error.message, says)
      return true
    })
    assert.equal(await events.isEmpty(app.context), true)
    assert.deepEqual(await app.context.db.selectFrom('aftership_accounts').selectAll().execute(), [])
  })
}

// The retention job and an operator who takes a deletion back at the same moment: the restored row stays.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as memberships from '../src/vendors/aftership/memberships.ts'
import * as users from '../src/vendors/easypost/removal.ts'
import * as members from '../src/vendors/memberstack/removal.ts'
import { DAY, startApp, type TestApp } from './support.ts'

const SEED = `
aftership:
  accounts: [{ email: owner@acme.test }, { email: jane@acme.test }]
  organizations:
    - id: org_acme
      name: Acme
      memberships: [{ email: owner@acme.test, role: owner }, { id: mem_jane, email: jane@acme.test, role: member }]
easypost:
  users: [{ id: user_acme, name: Acme, email: owner@acme.test, children: [{ id: user_desk, name: Desk }] }]
memberstack:
  apps: [{ id: app_acme, name: Acme, members: { sandbox: [{ id: mem_sb_jane, email: jane@acme.test }] } }]
`

const operator = { actor: 'token:operator', operator: true } as const
const organization = { ...operator, vendor: 'aftership', tenant: 'org_acme' }
const parent = { ...operator, vendor: 'easypost', tenant: 'user_acme' }
const sandbox = { ...operator, vendor: 'memberstack', tenant: 'app_acme', environment: 'sandbox' } as const

const rows: [what: string, remove: Act, restore: Act, purge: Act, restored: string][] = [
  [
    'a membership',
    ({ context }) => memberships.remove(context, organization, 'mem_jane'),
    ({ context }) => memberships.restore(context, organization, 'mem_jane'),
    ({ context }) => memberships.purge(context, 100),
    'membership.restored',
  ],
  [
    'a child user',
    ({ context }) => users.remove(context, parent, 'user_desk'),
    ({ context }) => users.restore(context, parent, 'user_desk'),
    ({ context }) => users.purge(context, 100),
    'user.restored',
  ],
  [
    'a member',
    ({ context }) => members.remove(context, sandbox, 'mem_sb_jane'),
    ({ context }) => members.restore(context, sandbox, 'mem_sb_jane'),
    ({ context }) => members.purge(context, 100),
    'member.restored',
  ],
]
type Act = (app: TestApp['app']) => Promise<unknown>

for (const [what, remove, restore, purge, restored] of rows) {
  test(`${what} that is restored while the retention job runs is not purged`, async () => {
    const { app, clock, newEvents } = await startApp(SEED)
    await remove(app)
    clock.advance(31 * DAY)
    await newEvents()
    // The job has listed the row when the operator comes.
    await Promise.all([purge(app), restore(app)])
    await purge(app)
    const types = (await newEvents()).map(({ type }) => type)
    assert.ok(types.includes(restored), types.join())
    assert.ok(!types.some(type => type.endsWith('.purged')), types.join())
  })
}

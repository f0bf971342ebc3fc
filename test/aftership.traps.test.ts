// AfterShip contract section 11: what bites is answered as it says, and told in the log, once, without a secret.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  accounts,
  assertRefused,
  type Call,
  call,
  control,
  invite,
  keys,
  M,
  northwind,
  type Refusal,
  seedOf,
} from './aftership.support.ts'
import { startApp, type TestApp } from './support.ts'

function trapsIn(app: TestApp): unknown[] {
  return app.log.filter(line => line.trap !== undefined).map(line => line.trap)
}

const role = { code: 'member' }
const cases: { trap: string; what: string; request: Call; refusal: Refusal; errors?: string[]; tenant?: false }[] = [
  {
    trap: 'unregistered-email',
    what: 'an email that nobody registered',
    request: { method: 'POST', body: { account: { email: 'nobody@northwind.example' }, role } },
    refusal: 'accountUnknown',
    errors: ['account.email is invalid'],
  },
  {
    trap: 'unregistered-email',
    what: 'an account id that nobody registered',
    request: { method: 'POST', body: { account: { id: 'acc_none' }, role } },
    refusal: 'accountUnknown',
    errors: ['account.id is invalid'],
  },
  {
    trap: 'one-role-per-account',
    what: 'a second role for a member',
    request: { method: 'POST', body: { account: { email: accounts.ben.email }, role: { code: 'admin' } } },
    refusal: 'conflict',
  },
  {
    trap: 'custom-role-needs-setup',
    what: 'an unknown role on create',
    request: { method: 'POST', body: { account: { email: accounts.liu.email }, role: { code: 'none' } } },
    refusal: 'roleUnknown',
    errors: ['role.code is invalid'],
  },
  {
    trap: 'custom-role-needs-setup',
    what: 'an unknown role on a change',
    request: { method: 'PATCH', path: `${M}/mem_ben`, body: { role: { code: 'none' } } },
    refusal: 'roleUnknown',
    errors: ['role.code is invalid'],
  },
  {
    trap: 'legacy-api-key-header',
    what: 'the legacy header alone',
    request: { key: null, headers: { 'aftership-api-key': keys.full } },
    refusal: 'unauthorized',
    tenant: false,
  },
]

for (const { trap, what, request, refusal, errors = [], tenant } of cases) {
  test(`${trap}: ${what}`, async () => {
    const app = await startApp(seedOf(northwind))
    const reply = await call(app, request)
    assertRefused(reply, refusal, ...errors)
    const lines = app.log.filter(line => line.trap !== undefined)
    assert.equal(lines.length, 1)
    assert.equal(lines[0]?.trap, trap)
    assert.equal(lines[0]?.vendor, 'aftership')
    assert.equal(lines[0]?.level, 'warn')
    assert.equal(lines[0]?.requestId, reply.headers['as-trace-id'])
    if (tenant !== false) assert.equal(lines[0]?.tenant, northwind.id)
    assert.ok(!JSON.stringify(app.log).includes(keys.full))
    await app.assertEvents()
  })
}

test('no-membership-webhooks: an endpoint that asks for membership events', async () => {
  const app = await startApp(seedOf(northwind))
  const path = `/aftership/organizations/${northwind.id}/webhooks`
  const secret = 'a webhook secret'
  const url = 'https://hooks.northwind.example/aftership'
  await control(app, 'POST', path, { url, secret, events: ['tracking.update', 'shipment.update', 'return.update'] })
  assert.deepEqual(trapsIn(app), [])
  await control(app, 'POST', path, { url, secret, events: ['tracking.update', 'membership.deleted'] })
  assert.deepEqual(trapsIn(app), ['no-membership-webhooks'])
  await app.assertEvents('webhook.created', 'webhook.created')
  assert.ok(!JSON.stringify(app.log).includes(secret))
})

test('what goes well is no trap', async () => {
  const app = await startApp(seedOf(northwind))
  await invite(app, accounts.liu.email)
  await call(app, {})
  await call(app, { path: `${M}/mem_none` })
  await call(app, { method: 'PATCH', path: `${M}/mem_ben`, body: { role: { code: 'admin' } } })
  await call(app, { method: 'DELETE', path: `${M}/mem_ben` })
  await call(app, { key: null })
  await call(app, { key: 'unknown key' })
  assert.deepEqual(trapsIn(app), [])
})

// Seed files: everything in one lands, pinned or made; what does not fit is told with its line and stores nothing.

import assert from 'node:assert/strict'
import { constants, createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import * as events from '../src/platform/events/events.ts'
import { parseDocument } from '../src/platform/yaml-document.ts'
import { type SampleCredentials, seedIfEmpty } from '../src/seed/load.ts'
import { SeedFile } from '../src/seed/schema.ts'
import { vendors } from '../src/vendors/index.ts'
import { type Body, operatorOf, walk } from './operator.ts'
import { startApp } from './support.ts'

const fixture = (name: string) => readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8')
const PUBLIC_KEY = /-----BEGIN PUBLIC KEY-----[\s\S]*?-----END PUBLIC KEY-----/

const ORGANIZATION = '511ceb52969b400a93e3422c743ae34a'
const CREATED = '2026-03-04T09:30:00.000Z'

test('everything in a seed lands as it stands there', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const text = fixture('seed.yaml')
  const given = PUBLIC_KEY.exec(text)?.[0].replaceAll(/^ +/gm, '') ?? ''
  assert.equal(createPublicKey(given).asymmetricKeyType, 'rsa', 'the fixture holds a real key')
  const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString().trim()
  const app = await startApp(text.replace(PUBLIC_KEY, pem.replaceAll('\n', '\n            ')))
  const operator = operatorOf(app)

  const accounts = await walk(operator, '/aftership/accounts', 200)
  assert.deepEqual(accounts.map(({ email, verified }) => [email, verified]).sort(), [
    ['jane@acme.test', true],
    ['new.hire@acme.test', true],
    ['owner@acme.test', true],
    ['unverified@acme.test', false],
  ])
  const idOf = (email: string) => accounts.find(account => account.email === email)?.id
  assert.equal(idOf('owner@acme.test'), '74d998151a1b4668bee5a283712dd57e')

  assert.deepEqual(await walk(operator, '/aftership/organizations', 200), [
    {
      id: ORGANIZATION,
      name: 'Acme',
      invitations: 'automatic',
      seats: 50,
      requestsPerSecond: 10,
      createdAt: CREATED,
    },
  ])
  const acme = `/aftership/organizations/${ORGANIZATION}`
  const roles = await walk(operator, `${acme}/roles`, 200)
  assert.deepEqual(
    roles.map(({ code }) => code),
    ['owner', 'admin', 'member', 'manager'],
  )

  const memberships = await walk(operator, `${acme}/memberships`, 200)
  const [owner, jane] = memberships
  assert.equal(memberships.length, 2)
  assert.deepEqual([owner?.role, owner?.status], [{ code: 'owner', name: 'Owner' }, 'active'])
  assert.deepEqual(jane, {
    id: '4a6091f28bf645a09246899722ce8a21',
    organization: { id: ORGANIZATION },
    account: { id: idOf('jane@acme.test'), email: 'jane@acme.test' },
    role: { code: 'member', name: 'Member' },
    status: 'active',
    createdAt: CREATED,
    updatedAt: CREATED,
    deletedAt: null,
  })

  const keys = await walk(operator, '/keys', 200)
  assert.deepEqual(
    keys.map(({ vendor, tenant, name, mode, holder }) => [vendor, tenant, name, mode, holder]),
    [
      ['aftership', ORGANIZATION, 'plain', 'api_key', null],
      ['aftership', ORGANIZATION, 'signed', 'hmac', 'jane@acme.test'],
      ['aftership', ORGANIZATION, 'rsa', 'rsa', null],
      ['understudy', '', 'operator', 'admin', null],
    ],
  )
  const [webhook, ...more] = await walk(operator, `${acme}/webhooks`, 200)
  assert.deepEqual(more, [])
  assert.deepEqual([webhook?.url, webhook?.events], ['http://127.0.0.1:9000/aftership', []])
  assert.deepEqual(await walk(operator, '/aftership/apps', 200), [
    {
      id: 'partner_app',
      name: 'Partner app',
      partner: true,
      redirectUris: ['http://127.0.0.1:9000/callback'],
      createdAt: CREATED,
    },
  ])
  assert.deepEqual(app.samples, {
    aftership: { apiKey: 'as_plain_key_for_acme' },
    control: { token: 'ust_operator_token' },
  })

  const date = new Date(app.clock.now()).toUTCString()
  const url = '/admin/2022-01/roles'
  const textFor = (key: string) => ['GET', '', '', date, `as-api-key:${key}`, url].join('\n')
  const hmac = createHmac('sha256', 'as_hmac_secret_for_acme').update(textFor('as_hmac_key_for_acme')).digest('base64')
  const pss = { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING }
  const rsa = sign('sha256', Buffer.from(textFor('as_rsa_key_for_acme')), pss).toString('base64')
  for (const headers of [
    { 'as-api-key': 'as_plain_key_for_acme' },
    { 'as-api-key': 'as_hmac_key_for_acme', date, 'as-signature-hmac-sha256': hmac },
    { 'as-api-key': 'as_rsa_key_for_acme', date, 'as-signature-rsa-sha256': rsa },
  ]) {
    const reply = await app.request({ url, headers })
    assert.equal(reply.statusCode, 200, headers['as-api-key'])
  }

  const written = await walk<Body>(operator, '/events', 200)
  assert.deepEqual([...new Set(written.map(({ actor }) => actor))], ['cli:seed'])
  const types = written.map(({ type }) => String(type))
  const counts = Object.fromEntries(types.map(type => [type, types.filter(other => other === type).length]))
  assert.deepEqual(counts, {
    'setting.updated': 1,
    'account.created': 4,
    'organization.created': 1,
    'role.created': 1,
    'credential.created': 4,
    'membership.created': 2,
    'webhook.created': 1,
    'app.created': 1,
  })
})

test('what is left out is made, or is as the vendor has it', async () => {
  const app = await startApp(`
aftership:
  accounts: [{ email: jane@acme.test }]
  organizations:
    - name: Bare
      keys: [{ name: read only, mode: api_key, permission: read }, { name: signed, mode: hmac }, { name: full, mode: api_key }]
      memberships: [{ email: jane@acme.test, role: admin, status: pending }]
control: { tokens: [{ name: reader, scope: read }, { name: admin, scope: admin }] }
`)
  const { aftership, control } = app.samples
  assert.match(String(aftership?.apiKey), /^asat_[\w-]{32}$/, 'the first key that may do everything')
  assert.match(String(control?.token), /^ust_[\w-]{43}$/)
  const operator = operatorOf(app, control?.token)
  const [organization] = await walk(operator, '/aftership/organizations', 200)
  const { id, ...rest } = organization ?? {}
  assert.match(String(id), /^[0-9a-f]{32}$/)
  assert.deepEqual(rest, {
    name: 'Bare',
    invitations: 'verify',
    seats: null,
    requestsPerSecond: 10,
    createdAt: CREATED,
  })
  const [membership] = await walk(operator, `/aftership/organizations/${id}/memberships`, 200)
  assert.equal(membership?.status, 'pending')
  assert.equal((await app.mailsTo('jane@acme.test')).length, 1)
})

test('an empty seed stores nothing, and a store without one gets the sample and a token', async () => {
  const app = await startApp('')
  assert.deepEqual(app.samples, {})
  await app.assertEvents()
  assert.equal(await events.isEmpty(app.app.context), true)
  const kept: unknown[] = []
  const samples = await seedIfEmpty(app.app.context, undefined, made => kept.push(made))
  assert.deepEqual(Object.keys(samples ?? {}), [...vendors.map(({ name }) => name), 'control'])
  const again = await seedIfEmpty(app.app.context, undefined, made => kept.push(made))
  assert.equal(again, undefined, 'and only once')
  assert.deepEqual(kept, [samples])
})

test('keys of a first start that cannot be kept are not stored: whoever is killed in between has them, or makes others', async () => {
  const app = await startApp('')
  const { context } = app.app
  let kept: SampleCredentials = {}
  const full = new Error('no room left')
  const failing = seedIfEmpty(context, undefined, samples => {
    kept = samples
    throw full
  })
  await assert.rejects(failing, full)
  assert.ok(kept.control?.token)
  assert.equal(await events.isEmpty(context), true)
  await seedIfEmpty(context, undefined, samples => {
    kept = samples
  })
  assert.equal((await operatorOf(app, kept.control?.token).get('/events')).status, 200)
})

test('the whole example fits the schema; a vendor that is not built yet is refused by name and line', async () => {
  const text = fixture('seed.all.yaml')
  const { value, problems } = await parseDocument(text, SeedFile)
  assert.deepEqual(problems, [])
  assert.ok(value && typeof value === 'object')
  assert.deepEqual(Object.keys(value), [...vendors.map(({ name }) => name), 'webhooks', 'control'])
})

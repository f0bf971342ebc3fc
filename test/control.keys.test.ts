// Keys of every mode, control tokens and OAuth apps: made, shown once, disabled, enabled, removed.

import assert from 'node:assert/strict'
import { constants, createHmac, generateKeyPairSync, sign } from 'node:crypto'
import test, { beforeEach } from 'node:test'
import { ACME, type Answer, assertProblem, type Body, operatorOf } from './operator.ts'
import { DAY, SECOND, startApp } from './support.ts'

interface Made {
  key: Body & { id: string }
  apiKey: string
  apiSecret?: string
}

const app = await startApp(ACME)
const operator = operatorOf(app)
beforeEach(async () => {
  app.clock.advance(SECOND)
  await app.newEvents()
})

const acme = '/aftership/organizations/org_acme'
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()

function make(body: object): Promise<Answer<Made>> {
  return operator.post<Made>(`${acme}/keys`, body)
}

/** Asks for the roles, signed by `signature` of the string to sign, where there is one. */
async function wireStatus(apiKey: string, header?: string, signature?: (text: string) => string): Promise<number> {
  const date = new Date(app.clock.now()).toUTCString()
  const url = '/admin/2022-01/roles'
  const text = ['GET', '', '', date, `as-api-key:${apiKey}`, url].join('\n')
  const signed = header && signature ? { date, [header]: signature(text) } : {}
  return (await app.request({ url, headers: { 'as-api-key': apiKey, ...signed } })).statusCode
}

const now = () => new Date(app.clock.now()).toISOString()

test('a plain key is made, shown once, and works', async () => {
  const { status, body } = await make({ name: 'plain', mode: 'api_key', holder: 'Jane@Acme.test' })
  assert.equal(status, 201)
  const { key, apiKey, ...rest } = body
  assert.deepEqual(rest, {}, 'there is no secret')
  assert.match(apiKey, /^asat_[\w-]{32}$/)
  assert.deepEqual(key, {
    id: key.id,
    vendor: 'aftership',
    tenant: 'org_acme',
    owner: '',
    name: 'plain',
    mode: 'api_key',
    scopes: ['aftership:members:read', 'aftership:members:write'],
    holder: 'jane@acme.test',
    fingerprint: key.fingerprint,
    active: true,
    disabledBy: [],
    createdAt: now(),
    expiresAt: null,
    lastUsedAt: null,
    disabledAt: null,
  })
  assert.match(String(key.fingerprint), /^[\w-]{12}$/)
  const [event, ...more] = await app.newEvents()
  assert.deepEqual(more, [])
  assert.deepEqual([event?.type, event?.subject, event?.tenant], ['credential.created', key.id, 'org_acme'])
  assert.deepEqual((await operator.get(`/keys/${key.id}`)).body, key)
  assert.equal(await wireStatus(apiKey), 200)
})

test('a key that signs by HMAC is shown with its secret, and works with a signature alone', async () => {
  const { status, body } = await make({ name: 'signed', mode: 'hmac' })
  assert.equal(status, 201)
  const { key, apiKey, apiSecret = '' } = body
  assert.equal(key.mode, 'hmac')
  assert.match(apiSecret, /^asas_[\w-]{43}$/)
  await app.assertEvents('credential.created')
  const header = 'as-signature-hmac-sha256'
  const hmac = (secret: string) => (text: string) => createHmac('sha256', secret).update(text).digest('base64')
  assert.equal(await wireStatus(apiKey, header, hmac(apiSecret)), 200)
  assert.equal(await wireStatus(apiKey, header, hmac('another secret')), 401)
  assert.equal(await wireStatus(apiKey), 401)
})

test('a key that signs by RSA takes a public key, SPKI or PKCS#1, and has no secret', async () => {
  const pkcs1 = publicKey.export({ type: 'pkcs1', format: 'pem' }).toString()
  for (const text of [pem, pkcs1]) {
    const { status, body } = await make({ name: 'rsa', mode: 'rsa', publicKey: text })
    assert.equal(status, 201)
    assert.deepEqual(Object.keys(body), ['key', 'apiKey'])
    const pss = { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING }
    const signature = (text: string) => sign('sha256', Buffer.from(text), pss).toString('base64')
    assert.equal(await wireStatus(body.apiKey, 'as-signature-rsa-sha256', signature), 200)
    assert.equal(await wireStatus(body.apiKey), 401)
  }
  await app.assertEvents('credential.created', 'credential.created')
})

test('no key is made without a usable public key, nor from a private one', async () => {
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
  const curve = generateKeyPairSync('ed25519').publicKey
  const cases: [publicKey: string | undefined, problem: string][] = [
    [undefined, 'required'],
    ['', 'invalid'],
    ['no key', 'invalid'],
    [small.export({ type: 'spki', format: 'pem' }).toString(), 'invalid'],
    [curve.export({ type: 'spki', format: 'pem' }).toString(), 'invalid'],
    [privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 'invalid'],
  ]
  for (const [text, problem] of cases) {
    const answer = await operator.post(`${acme}/keys`, { name: 'rsa', mode: 'rsa', publicKey: text })
    const errors = assertProblem(answer, 422, 'invalid')
    const hint = 'an RSA public key of 2048 to 4096 bits as PEM, SPKI or PKCS#1'
    assert.deepEqual(errors, [{ path: 'publicKey', problem, hint }])
  }
  await app.assertEvents()
})

test('a key may be for reading alone, or for nothing yet', async () => {
  for (const [permission, scopes, status] of [
    ['read', ['aftership:members:read'], 200],
    ['none', [], 403],
  ] as const) {
    const { body } = await make({ name: permission, mode: 'api_key', permission })
    assert.deepEqual(body.key.scopes, scopes)
    assert.equal(await wireStatus(body.apiKey), status)
  }
})

test('a key is refused from its end on, and shown as what it is', async () => {
  const expiresAt = new Date(app.clock.now() + DAY).toISOString()
  const { body } = await make({ name: 'until tomorrow', mode: 'api_key', expiresAt })
  assert.equal(body.key.expiresAt, expiresAt)
  app.clock.advance(DAY - 1)
  assert.equal(await wireStatus(body.apiKey), 200)
  app.clock.advance(1)
  assert.equal(await wireStatus(body.apiKey), 401)
  assert.equal((await operator.get(`/keys/${body.key.id}`)).body.active, false)
})

test('a key is disabled, enabled and removed, each from its next use on; again without an event', async () => {
  const { body } = await make({ name: 'on and off', mode: 'api_key' })
  const path = `/keys/${body.key.id}`
  await app.newEvents()
  for (const _twice of [1, 2]) {
    const disabled = await operator.post(`${path}/disable`)
    assert.equal(disabled.status, 200)
    const state = { active: false, disabledBy: ['operator'], disabledAt: now() }
    assert.deepEqual(disabled.body, { ...body.key, ...state })
    assert.equal(await wireStatus(body.apiKey), 401)
  }
  await app.assertEvents('credential.disabled')
  for (const _twice of [1, 2]) {
    assert.deepEqual((await operator.post(`${path}/enable`)).body, body.key)
    assert.equal(await wireStatus(body.apiKey), 200)
  }
  await app.assertEvents('credential.enabled')
  const removed = await operator.delete(path)
  assert.deepEqual([removed.status, removed.body], [204, null])
  assert.equal(await wireStatus(body.apiKey), 401)
  await app.assertEvents('credential.deleted')
  for (const answer of [
    await operator.get(path),
    await operator.delete(path),
    await operator.post(`${path}/disable`),
    await operator.post(`${path}/enable`),
  ]) {
    assertProblem(answer, 404, 'notFound')
  }
  await app.assertEvents()
})

test('keys are found by vendor, tenant and holder', async () => {
  await operator.post('/aftership/organizations', { id: 'org_other', name: 'Other' })
  await operator.post('/aftership/organizations/org_other/keys', {
    name: 'theirs',
    mode: 'api_key',
    holder: 'lee@other.test',
  })
  const namesOf = async (query: string) => {
    const { body } = await operator.get<{ data: Body[]; next: null }>(`/keys?${query}`)
    return body.data.map(({ name }) => name)
  }
  assert.deepEqual(await namesOf('tenant=org_other'), ['theirs'])
  assert.deepEqual(await namesOf('holder=LEE@other.test'), ['theirs'])
  assert.deepEqual(await namesOf('vendor=understudy'), ['operator', 'writer', 'reader'])
  assert.deepEqual(await namesOf('vendor=understudy&tenant=org_other'), [])
  assert.deepEqual(await namesOf('tenant=org_acme&holder=lee@other.test'), [])
})

test('a control token is made for each scope; its key is listed and shows nothing of it', async () => {
  for (const scope of ['read', 'write', 'admin']) {
    const { status, body } = await operator.post<{ key: Body; token: string }>('/tokens', {
      name: `new ${scope}`,
      scope,
    })
    assert.equal(status, 201)
    assert.deepEqual(Object.keys(body), ['key', 'token'])
    assert.deepEqual([body.key.vendor, body.key.tenant, body.key.mode], ['understudy', '', scope])
    assert.equal((await operatorOf(app, body.token).get('/events')).status, 200)
  }
  await app.assertEvents('credential.created', 'credential.created', 'credential.created')
})

test('an OAuth app is registered, changed, given a new secret and removed', async () => {
  const apps = '/aftership/apps'
  const input = { name: 'Partner', partner: true, redirectUris: ['https://partner.test/callback'] }
  const made = await operator.post<{ app: Body; clientSecret: string }>(apps, input)
  assert.equal(made.status, 201)
  const { id } = made.body.app
  const path = `${apps}/${id}`
  const shown = { id, ...input, createdAt: now() }
  assert.deepEqual(made.body, { app: shown, clientSecret: made.body.clientSecret })
  assert.match(made.body.clientSecret, /^asoc_[\w-]{43}$/)
  assert.deepEqual((await operator.get(path)).body, shown)
  assert.deepEqual((await operator.get(apps)).body, { data: [shown], next: null })
  const [event] = await app.newEvents()
  assert.deepEqual(
    [event?.type, event?.subject, event?.tenant, event?.data],
    ['app.created', id, '', { app: { id, ...input } }],
  )

  const changes = { name: 'Renamed', redirectUris: ['http://127.0.0.1:9000/cb', 'https://partner.test/'] }
  assert.deepEqual((await operator.patch(path, changes)).body, { ...shown, ...changes })
  await app.assertEvents('app.updated')
  assert.equal((await operator.patch(path, changes)).status, 200)
  await app.assertEvents()

  const rotated = await operator.post<{ app: Body; clientSecret: string }>(`${path}/rotate-secret`)
  assert.equal(rotated.status, 200)
  assert.notEqual(rotated.body.clientSecret, made.body.clientSecret)
  await app.assertEvents('app.secret_rotated')

  assert.equal((await operator.delete(path)).status, 204)
  await app.assertEvents('app.deleted')
  for (const answer of [
    await operator.get(path),
    await operator.patch(path, changes),
    await operator.post(`${path}/rotate-secret`),
    await operator.delete(path),
  ]) {
    assertProblem(answer, 404, 'notFound')
  }
  await app.assertEvents()
})

test('an app is not registered with a redirect URI that could lead astray', async () => {
  const uris = [
    'http://partner.test/',
    'ftp://partner.test/',
    '/callback',
    'https://partner.test/#part',
    'https://a@partner.test/',
    'javascript:alert(1)',
    'https://partner.test/ x',
  ]
  for (const uri of uris) {
    const input = { name: 'Astray', partner: true, redirectUris: ['https://partner.test/', uri] }
    const errors = assertProblem(await operator.post('/aftership/apps', input), 422, 'invalid')
    assert.ok(Array.isArray(errors), uri)
    assert.equal(errors[0].path, 'redirectUris.1')
  }
  await app.assertEvents()
})

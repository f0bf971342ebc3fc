// What the OAuth endpoints refuse, how they say it, and that nothing happens then: contract section 8.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LightMyRequestResponse } from 'fastify'
import {
  authorizeQuery,
  Browser,
  basic,
  CALLBACK,
  clientPost,
  codeFor,
  codeForm,
  control,
  type Fields,
  hiddenFields,
  mailedLinks,
  OAUTH_SEED,
  READ,
  signIn,
  tokensOf,
} from './aftership.oauth.browser.ts'
import { inTurn, testOnPostgres } from './nodes.support.ts'
import { HOUR, MINUTE, SECOND, startApp } from './support.ts'

const start = () => startApp(OAUTH_SEED)
const authorize = '/oauth/aftership/authorize'

test('an unknown client or redirect URI gets a page, never a redirect', async () => {
  const app = await start()
  const cases: Fields[] = [
    { client_id: 'nobody' },
    { client_id: '' },
    { redirect_uri: 'http://127.0.0.1:9000/other' },
    { redirect_uri: `${CALLBACK}/` },
    { redirect_uri: 'https://other.test/cb?a=b%20c' },
    { redirect_uri: '' },
  ]
  const queries = cases.map(authorizeQuery)
  queries.push(`${authorizeQuery()}&client_id=partner_app`, `${authorizeQuery()}&redirect_uri=${CALLBACK}`, '')
  for (const query of queries) {
    const reply = await new Browser(app).get(`${authorize}?${query}`)
    assert.equal(reply.statusCode, 400, query)
    assert.match(String(reply.headers['content-type']), /text\/html/)
    assert.equal(reply.headers.location, undefined)
  }
  await app.assertEvents()
})

test('every other bad authorization request goes back to the app with error and state', async () => {
  const app = await start()
  const cases: [string, Fields][] = [
    ['unauthorized_client', { client_id: 'plain_app' }],
    ['unsupported_response_type', { response_type: 'token' }],
    ['invalid_request', { response_type: '' }],
    ['invalid_request', { state: 'x'.repeat(2049) }],
    ['invalid_request', { code_challenge: '' }],
    ['invalid_request', { code_challenge: 'short' }],
    ['invalid_request', { code_challenge_method: '' }],
    ['invalid_request', { code_challenge_method: 'plain' }],
    ['invalid_scope', { scope: '' }],
    ['invalid_scope', { scope: `${READ} aftership:everything` }],
  ]
  for (const [error, changes] of cases) {
    const location = redirected(await new Browser(app).get(`${authorize}?${authorizeQuery(changes)}`))
    assert.equal(location.origin + location.pathname, CALLBACK)
    assert.equal(location.searchParams.get('error'), error, JSON.stringify(changes))
    assert.equal(location.searchParams.get('state'), changes.state ?? 'st&te 1')
    assert.equal(location.searchParams.get('code'), null)
  }
  const stateless = redirected(await new Browser(app).get(`${authorize}?${authorizeQuery({ state: '' })}`))
  assert.deepEqual([...stateless.searchParams.keys()], ['error', 'error_description'])
  const repeated = redirected(await new Browser(app).get(`${authorize}?${authorizeQuery()}&scope=${READ}`))
  assert.equal(repeated.searchParams.get('error'), 'invalid_request')
  await app.assertEvents()
})

test('deny goes back with access_denied and writes nothing', async () => {
  const app = await start()
  const browser = new Browser(app)
  const changes = { client_id: 'other_app', redirect_uri: 'https://other.test/cb?a=b%20c' }
  const { page } = await signIn(app, browser, 'adam@northwind.test', authorizeQuery(changes))
  await app.newEvents()
  const denied = await browser.submit(page, { decision: 'deny', organization: 'northwind' })
  assert.equal(denied.statusCode, 302)
  assert.equal(
    denied.headers.location,
    'https://other.test/cb?a=b%20c&error=access_denied&error_description=the+person+said+no&state=st%26te+1',
  )
  await app.assertEvents()
})

test('a form without the token of its own browser is refused', async () => {
  const app = await start()
  const browser = new Browser(app)
  const signInPage = await browser.get(`${authorize}?${authorizeQuery()}`)
  const { page } = await signIn(app, browser, 'adam@northwind.test', authorizeQuery())
  const foreign = hiddenFields((await new Browser(app).get(`${authorize}?${authorizeQuery()}`)).body).csrf ?? ''
  const before = hiddenFields(signInPage.body).csrf ?? ''
  await app.newEvents()
  for (const csrf of ['', 'wrong', foreign, before]) {
    const allowed = await browser.submit(page, { organization: 'northwind', decision: 'allow', csrf })
    assert.equal(allowed.statusCode, 403)
    const asked = await browser.submit(signInPage, { email: 'rosa@northwind.test', csrf })
    assert.equal(asked.statusCode, 403)
  }
  const cookieless = await new Browser(app).submit(page, { organization: 'northwind', decision: 'allow' })
  assert.equal(cookieless.statusCode, 403)
  assert.deepEqual(await mailedLinks(app, 'rosa@northwind.test'), [])
  await app.assertEvents()
})

test('only an active owner or admin can consent', async () => {
  const app = await start()
  for (const email of ['mia@northwind.test', 'pia@northwind.test', 'liu@northwind.test']) {
    const browser = new Browser(app)
    const { page } = await signIn(app, browser, email, authorizeQuery())
    await app.newEvents()
    assert.doesNotMatch(page.body, /value="allow"|<option/)
    const forged = await browser.submit(page, { organization: 'northwind', decision: 'allow' })
    assert.equal(forged.statusCode, 403)
    await app.assertEvents()
    assert.equal(
      redirected(await browser.submit(page, { decision: 'deny' })).searchParams.get('error'),
      'access_denied',
    )
  }
  const rosa = new Browser(app)
  const { page } = await signIn(app, rosa, 'rosa@northwind.test', authorizeQuery())
  assert.doesNotMatch(page.body, /Contoso/)
  assert.equal((await rosa.submit(page, { organization: 'contoso', decision: 'allow' })).statusCode, 403)
  assert.equal((await rosa.submit(page, { organization: 'northwind', decision: 'perhaps' })).statusCode, 400)
  await control(app, 'DELETE', '/organizations/northwind/memberships/m_rosa')
  await app.newEvents()
  assert.equal((await rosa.submit(page, { organization: 'northwind', decision: 'allow' })).statusCode, 403)
  await app.assertEvents()
})

test('the mailed link: GET changes nothing, POST works once, for 15 minutes', async () => {
  const app = await start()
  const browser = new Browser(app)
  const first = await browser.get(`${authorize}?${authorizeQuery()}`)
  await browser.submit(first, { email: ' Adam@Northwind.test ' })
  const [link = ''] = await mailedLinks(app, 'adam@northwind.test')
  await app.assertEvents('sign_in.mailed')

  for (let look = 0; look < 3; look++) {
    const page = await new Browser(app).get(link)
    assert.equal(page.statusCode, 200)
    assert.match(page.body, /adam@northwind\.test/)
  }
  await app.assertEvents()

  // Opened on another device: that one is signed in, not the one that asked.
  const phone = new Browser(app)
  const page = await phone.get(link)
  const before = phone.cookie
  assert.equal((await phone.submit(page, {}, link)).headers.location, `${authorize}?${authorizeQuery()}`)
  assert.notEqual(phone.cookie, before)
  await app.assertEvents('sign_in.completed')
  assert.match((await browser.get(`${authorize}?${authorizeQuery()}`)).body, /name="email"/)
  assert.match((await phone.get(`${authorize}?${authorizeQuery()}`)).body, /value="allow"/)

  assert.equal((await phone.get(link)).statusCode, 410)
  assert.equal((await phone.submit(page, {}, link)).statusCode, 403)
  const now = hiddenFields((await phone.get(`${authorize}?${authorizeQuery()}`)).body).csrf ?? ''
  assert.equal((await phone.post(link, { csrf: now })).statusCode, 410)
  assert.equal((await phone.get('/oauth/aftership/sign-in/unknown')).statusCode, 404)
  assert.equal((await phone.post('/oauth/aftership/sign-in/unknown', { csrf: now })).statusCode, 404)
  await app.assertEvents()

  await browser.submit(first, { email: 'adam@northwind.test' })
  const second = (await mailedLinks(app, 'adam@northwind.test')).find(candidate => candidate !== link) ?? ''
  const secondPage = await browser.get(second)
  app.clock.advance(15 * MINUTE)
  assert.equal((await browser.get(second)).statusCode, 410)
  assert.equal((await browser.submit(secondPage, {}, second)).statusCode, 410)
  await app.assertEvents('sign_in.mailed')
})

test('a session lasts 15 minutes; a late decision leads back to sign-in', async () => {
  const app = await start()
  const browser = new Browser(app)
  const { page } = await signIn(app, browser, 'adam@northwind.test', authorizeQuery())
  await app.newEvents()
  app.clock.advance(15 * MINUTE)
  const late = await browser.submit(page, { organization: 'northwind', decision: 'allow' })
  assert.deepEqual([late.statusCode, late.headers.location], [303, `${authorize}?${authorizeQuery()}`])
  assert.match((await browser.get(String(late.headers.location))).body, /name="email"/)
  await app.assertEvents()
})

test('an account whose email is no longer verified is signed out', async () => {
  const app = await start()
  const browser = new Browser(app)
  await signIn(app, browser, 'adam@northwind.test', authorizeQuery())
  await control(app, 'PATCH', '/accounts/acc_adam', { verified: false })
  assert.match((await browser.get(`${authorize}?${authorizeQuery()}`)).body, /name="email"/)
})

test('emails cannot be enumerated: known, unknown, unverified and limited are answered and stored alike', async () => {
  const app = await start()
  const browser = new Browser(app)
  const page = await browser.get(`${authorize}?${authorizeQuery()}`)
  const rows = async () =>
    (await app.app.context.db.selectFrom('aftership_oauth_tokens').select('token_hash').execute()).length
  const ask = async (email: string) => {
    const before = await rows()
    const { statusCode, body, headers } = await browser.submit(page, { email })
    return { statusCode, body, headers: { ...headers, date: '' }, rows: (await rows()) - before }
  }
  const known = await ask('adam@northwind.test')
  assert.equal(known.statusCode, 200)
  assert.equal(known.rows, 1)
  await app.assertEvents('sign_in.mailed')
  assert.deepEqual(await ask('nobody@northwind.test'), known)
  assert.deepEqual(await ask('nora@northwind.test'), known)
  await app.assertEvents()
  for (let request = 0; request < 4; request++) await ask('adam@northwind.test')
  await app.assertEvents(...Array(4).fill('sign_in.mailed'))
  assert.deepEqual(await ask('adam@northwind.test'), known)
  await app.assertEvents()
  assert.deepEqual(await app.mailsTo('nora@northwind.test'), [])
  assert.deepEqual(await app.mailsTo('nobody@northwind.test'), [])

  for (const email of ['', 'no email', 'two@at@signs.test', `${'x'.repeat(250)}@long.test`]) {
    assert.equal((await browser.submit(page, { email })).statusCode, 400)
  }
  await app.assertEvents()
})

test('an account is mailed at most five links within any hour', async () => {
  const app = await start()
  const browser = new Browser(app)
  const page = await browser.get(`${authorize}?${authorizeQuery()}`)
  const ask = () => browser.submit(page, { email: 'adam@northwind.test' })
  await ask()
  app.clock.advance(50 * MINUTE)
  for (let request = 0; request < 6; request++) await ask()
  assert.equal((await mailedLinks(app, 'adam@northwind.test')).length, 5)
  app.clock.advance(10 * MINUTE)
  // The first one is an hour old: one more may go, not five.
  for (let request = 0; request < 2; request++) await ask()
  assert.equal((await mailedLinks(app, 'adam@northwind.test')).length, 6)
  app.clock.advance(HOUR)
  await app.app.runJobs()
  await ask()
  assert.equal((await mailedLinks(app, 'adam@northwind.test')).length, 7)
  const other = await browser.submit(page, { email: 'rosa@northwind.test' })
  assert.equal(other.statusCode, 200)
  assert.equal((await mailedLinks(app, 'rosa@northwind.test')).length, 1)
})

testOnPostgres('nor more than five when they are asked for at once', async () => {
  const app = await start()
  const browser = new Browser(app)
  const page = await browser.get(`${authorize}?${authorizeQuery()}`)
  const ask = () => browser.submit(page, { email: 'adam@northwind.test' })
  for (let request = 0; request < 4; request++) await ask()
  const answers = await inTurn(app, 'lock table aftership_oauth_tokens in share mode', [ask, ask])
  assert.deepEqual(
    answers.map(({ statusCode }) => statusCode),
    [200, 200],
  )
  assert.equal((await mailedLinks(app, 'adam@northwind.test')).length, 5)
})

test('a client proves itself by header or by form, once', async () => {
  const app = await start()
  const token = { token: 'unknown' }
  const good = { client_id: 'partner_app', client_secret: 'partner_secret' }
  const cases: [number, string | undefined, Fields, string][] = [
    [200, undefined, token, basic('partner_app', 'partner_secret')],
    [200, undefined, token, basic('partner_app', 'partner_secret').replace('Basic', 'basic')],
    [200, undefined, token, basic('other_app', 'other secret: +%')],
    [200, undefined, { ...token, ...good }, ''],
    [200, undefined, { ...token, client_id: 'partner_app' }, basic('partner_app', 'partner_secret')],
    [401, 'invalid_client', token, ''],
    [401, 'invalid_client', { ...token, client_id: 'partner_app' }, ''],
    [401, 'invalid_client', { ...token, ...good, client_secret: 'wrong' }, ''],
    [401, 'invalid_client', { ...token, ...good, client_id: 'nobody' }, ''],
    [401, 'invalid_client', token, basic('partner_app', 'wrong')],
    [401, 'invalid_client', token, basic('partner_app', '')],
    [401, 'invalid_client', token, basic('other_app', 'partner_secret')],
    [401, 'invalid_client', token, `Basic ${Buffer.from('other_app:other secret: +%').toString('base64')}`],
    [401, 'invalid_client', token, 'Basic !!'],
    [401, 'invalid_client', token, 'Bearer partner_secret'],
    [400, 'invalid_request', { ...token, ...good }, basic('partner_app', 'partner_secret')],
    [400, 'invalid_request', { ...token, client_id: 'other_app' }, basic('partner_app', 'partner_secret')],
  ]
  for (const [status, error, fields, authorization] of cases) {
    const reply = await clientPost(app, 'revoke', fields, authorization)
    assert.equal(reply.statusCode, status, authorization)
    assert.equal(reply.headers['cache-control'], 'no-store')
    assert.equal(reply.headers['www-authenticate']?.slice(0, 6), status === 401 ? 'Basic ' : undefined)
    assert.equal(status === 200 ? undefined : reply.json<{ error: string }>().error, error)
  }
  await app.assertEvents()
})

test('a bad token request is refused in the words of RFC 6749 5.2', async () => {
  const app = await start()
  const form = codeForm('a-code')
  const without = (name: string) => Object.fromEntries(Object.entries(form).filter(([key]) => key !== name))
  const cases: [string, Fields | string][] = [
    ['invalid_request', ''],
    ['invalid_request', without('grant_type')],
    ['invalid_request', without('code')],
    ['invalid_request', without('redirect_uri')],
    ['invalid_request', without('code_verifier')],
    ['invalid_request', { ...form, code_verifier: '' }],
    ['invalid_request', { grant_type: 'refresh_token' }],
    ['invalid_request', `${new URLSearchParams(form)}&code=a-code`],
    ['unsupported_grant_type', { ...form, grant_type: 'password' }],
    ['invalid_grant', form],
    ['invalid_request', { ...form, code: 'nul\0' }],
  ]
  for (const [error, fields] of cases) {
    const reply = await clientPost(app, 'token', fields)
    assert.deepEqual([reply.statusCode, reply.json<{ error: string }>().error], [400, error], JSON.stringify(fields))
    assert.equal(reply.headers['cache-control'], 'no-store')
    assert.match(String(reply.headers['content-type']), /^application\/json/)
  }
  const plain = await clientPost(app, 'token', form, basic('plain_app', 'plain_secret'))
  assert.deepEqual([plain.statusCode, plain.json().error], [400, 'unauthorized_client'])
  const json = await app.request({
    method: 'POST',
    url: '/oauth/aftership/token',
    headers: { authorization: basic('partner_app', 'partner_secret') },
    payload: form,
  })
  assert.deepEqual([json.statusCode, json.json().error], [400, 'invalid_request'])
  await app.assertEvents()
})

test('a body that is too large is 413, to people and to clients', async () => {
  const app = await start()
  const large = `token=${'x'.repeat(1024 * 1024)}`
  const client = await clientPost(app, 'revoke', large)
  assert.deepEqual([client.statusCode, client.json().error], [413, 'invalid_request'])
  const person = await new Browser(app).post('/oauth/aftership/sign-in', { email: large })
  assert.equal(person.statusCode, 413)
  assert.match(String(person.headers['content-type']), /text\/html/)
})

test('an address has 20 posts a second', async () => {
  const app = await start()
  const code = await codeFor(app)
  for (let request = 0; request < 20; request++) {
    assert.equal((await clientPost(app, 'revoke', { token: 'unknown' })).statusCode, 200)
  }
  const limited = await clientPost(app, 'token', codeForm(code))
  assert.deepEqual([limited.statusCode, limited.json().error], [429, 'temporarily_unavailable'])
  const page = await app.request({ method: 'POST', url: '/oauth/aftership/sign-in' })
  assert.equal(page.statusCode, 429)
  assert.match(String(page.headers['content-type']), /text\/html/)
  app.clock.advance(SECOND)
  tokensOf(await clientPost(app, 'token', codeForm(code)))
})

test('the cookie is secure where the server is reached by https', async () => {
  const app = await startApp(OAUTH_SEED, { publicUrl: 'https://users.test' })
  const page = await new Browser(app).get(`${authorize}?${authorizeQuery()}`)
  assert.match(String(page.headers['set-cookie']), /; HttpOnly; SameSite=Lax; Secure$/)
})

test('redirect URIs are absolute https, or http on loopback', async () => {
  const app = await start()
  const register = (redirectUris: string[]) =>
    control(app, 'POST', '/apps', { name: 'New app', partner: true, redirectUris })
  const good = ['https://app.test/cb?x=%20y', 'http://localhost:3000/cb', 'http://127.0.0.1/cb', 'http://[::1]:9000/cb']
  for (const uri of good) assert.equal((await register([uri])).statusCode, 201, uri)
  await app.assertEvents(...good.map(() => 'app.created'))

  const bad = [
    'http://app.test/cb',
    'http://127.0.0.1.app.test/cb',
    'https://app.test/cb#part',
    'https://app.test/cb#',
    'https://user@app.test/cb',
    'https://a;sandbox/cb',
    'https:app.test/cb',
    'ftp://app.test/cb',
    'javascript:alert(1)',
    '/cb',
    'https://app.test/c b',
    'https://app.test/cb\n',
    'https://app.test\\@evil.test/',
  ]
  for (const uri of bad) {
    const reply = await register(['https://app.test/cb', uri])
    assert.equal(reply.statusCode, 422, uri)
    assert.equal(reply.json<{ errors: { path: string }[] }>().errors[0]?.path, 'redirectUris.1', uri)
    assert.equal((await control(app, 'PATCH', '/apps/partner_app', { redirectUris: [uri] })).statusCode, 422)
  }
  assert.equal((await register([])).statusCode, 422)
  assert.equal((await register(Array.from({ length: 21 }, (_, n) => `https://app.test/${n}`))).statusCode, 422)
  await app.assertEvents()
})

test('a form may lead to an IPv6 loopback too', async () => {
  const app = await start()
  await control(app, 'PATCH', '/apps/partner_app', { redirectUris: ['http://[::1]:9000/cb'] })
  const query = authorizeQuery({ redirect_uri: 'http://[::1]:9000/cb' })
  const page = await new Browser(app).get(`${authorize}?${query}`)
  assert.match(String(page.headers['content-security-policy']), /form-action 'self' http:;/)
})

function redirected(reply: LightMyRequestResponse): URL {
  assert.equal(reply.statusCode, 302, reply.body)
  return new URL(String(reply.headers.location))
}

// OAuth 2.0 for partner apps, from the app's first redirect to the end of the grant: contract section 8.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as events from '../src/platform/events/events.ts'
import * as oauth from '../src/vendors/aftership/oauth/flow.ts'
import {
  authorizeQuery,
  Browser,
  basic,
  CALLBACK,
  clientPost,
  codeFor,
  codeForm,
  connect,
  control,
  membersStatus,
  OAUTH_SEED,
  READ,
  refresh,
  signIn,
  type TokenReply,
  tokensOf,
  WRITE,
} from './aftership.oauth.browser.ts'
import { DAY, HOUR, MINUTE, SECOND, startApp } from './support.ts'

const start = () => startApp(OAUTH_SEED)
const invalidGrant = (reply: { statusCode: number; json(): { error: string } }) =>
  assert.deepEqual([reply.statusCode, reply.json().error], [400, 'invalid_grant'])

test('from the authorize URL by mail, consent and code to a call with the token', async () => {
  const app = await start()
  const browser = new Browser(app)

  const first = await browser.get(`/oauth/aftership/authorize?${authorizeQuery()}`)
  assert.equal(first.statusCode, 200)
  assert.match(String(first.headers['content-type']), /text\/html/)
  assert.match(String(first.headers['set-cookie']), /; Path=\/oauth\/aftership; HttpOnly; SameSite=Lax$/)
  await app.assertEvents()

  const { page, link } = await signIn(app, browser, 'adam@northwind.test', authorizeQuery())
  await app.assertEvents('sign_in.mailed', 'sign_in.completed')
  assert.match(page.body, /<option value="contoso">Contoso<\/option>\s*<option value="northwind">Northwind<\/option>/)
  assert.match(String(page.headers['content-security-policy']), /form-action 'self' http:\/\/127\.0\.0\.1:9000;/)

  const allowed = await browser.submit(page, { organization: 'northwind', decision: 'allow' })
  assert.equal(allowed.statusCode, 302)
  const location = new URL(String(allowed.headers.location))
  assert.equal(location.origin + location.pathname, CALLBACK)
  assert.deepEqual([...location.searchParams.keys()], ['code', 'state'])
  assert.equal(location.searchParams.get('state'), 'st&te 1')
  const code = location.searchParams.get('code') ?? ''
  const [created] = await app.newEvents()
  assert.deepEqual([created?.type, created?.tenant, created?.actor], ['grant.created', 'northwind', 'account:acc_adam'])
  const grant = { id: created?.subject, appId: 'partner_app', accountId: 'acc_adam', scopes: [READ] }
  assert.deepEqual(created?.data, { grant })

  const reply = await clientPost(app, 'token', codeForm(code))
  assert.equal(reply.headers['cache-control'], 'no-store')
  const tokens = tokensOf(reply)
  const { access_token: accessToken, refresh_token: refreshToken, ...rest } = tokens
  assert.deepEqual(rest, { token_type: 'Bearer', expires_in: 2_592_000, scope: READ })
  const [exchanged] = await app.newEvents()
  assert.deepEqual([exchanged?.type, exchanged?.actor], ['grant.exchanged', 'app:partner_app'])
  assert.equal(await membersStatus(app, accessToken), 200)
  await app.assertEvents()

  const written = JSON.stringify([await events.list(app.app.context, {}, 0, 1000), app.log])
  const stored = JSON.stringify(await app.app.context.db.selectFrom('aftership_oauth_tokens').selectAll().execute())
  const cookie = browser.cookie?.split('=')[1] ?? ''
  for (const secret of [accessToken, refreshToken, code, cookie, link.split('/').at(-1) ?? '', 'partner_secret']) {
    assert.ok(secret.length > 0)
    assert.ok(!written.includes(secret), 'a secret stands in an event or in the log')
    assert.ok(!stored.includes(secret), 'a secret is stored in clear')
  }
})

test('a token does what its scopes say, in its organization', async () => {
  const app = await start()
  const read = await connect(app, { scope: READ })
  assert.equal(await membersStatus(app, read.access_token, 'POST'), 403)
  const write = await connect(app, { scope: WRITE })
  assert.equal(await membersStatus(app, write.access_token), 403)
  assert.equal(await membersStatus(app, write.access_token, 'POST'), 201)

  const both = await connect(app, { scope: `${WRITE} ${READ}`, organization: 'contoso' })
  assert.equal(both.scope, `${READ} ${WRITE}`)
  const list = await app.request({
    url: '/admin/2022-01/memberships',
    headers: { 'as-access-token': both.access_token },
  })
  const ids = list.json<{ data: { memberships: { id: string }[] } }>().data.memberships.map(({ id }) => id)
  assert.deepEqual(ids, ['m_adam_contoso'])
})

test('a refresh token rotates, and used again it ends the grant', async () => {
  const app = await start()
  const first = await connect(app)
  await app.newEvents()
  const second = tokensOf(await refresh(app, first.refresh_token))
  assert.notEqual(second.refresh_token, first.refresh_token)
  assert.equal(await membersStatus(app, second.access_token), 200)
  await app.assertEvents('grant.refreshed')

  invalidGrant(await refresh(app, first.refresh_token))
  const ended = await app.newEvents()
  assert.deepEqual(
    ended.map(({ type, data }) => [type, data.cause]),
    [['grant.ended', 'refresh_token_reused']],
  )
  assert.equal(await membersStatus(app, second.access_token), 401)
  invalidGrant(await refresh(app, second.refresh_token))
  await app.assertEvents()
})

test('of two refreshes at once one wins, and the grant ends', async () => {
  const app = await start()
  const { refresh_token: token } = await connect(app)
  const replies = await Promise.all([refresh(app, token), refresh(app, token)])
  assert.deepEqual(replies.map(({ statusCode }) => statusCode).sort(), [200, 400])
  const winner = replies.find(({ statusCode }) => statusCode === 200)
  assert.equal(await membersStatus(app, winner?.json<TokenReply>().access_token ?? ''), 401)
})

test('a refresh may ask for less, never for more', async () => {
  const app = await start()
  const tokens = await connect(app, { scope: `${READ} ${WRITE}` })
  const narrow = tokensOf(await refresh(app, tokens.refresh_token, { scope: READ }))
  assert.equal(narrow.scope, READ)
  assert.equal(await membersStatus(app, narrow.access_token, 'POST'), 403)
  const wide = tokensOf(await refresh(app, narrow.refresh_token))
  assert.equal(wide.scope, `${READ} ${WRITE}`)

  const reader = await connect(app, { scope: READ })
  await app.newEvents()
  const refused = await refresh(app, reader.refresh_token, { scope: `${READ} ${WRITE}` })
  assert.deepEqual([refused.statusCode, refused.json().error], [400, 'invalid_scope'])
  await app.assertEvents()
  tokensOf(await refresh(app, reader.refresh_token))
})

test('a code is good once: used again it ends the grant, long after its own end too', async () => {
  const app = await start()
  const code = await codeFor(app)
  const { access_token: token } = tokensOf(await clientPost(app, 'token', codeForm(code)))
  app.clock.advance(2 * DAY)
  while ((await oauth.purge(app.app.context, 100)) > 0);
  assert.equal(await membersStatus(app, token), 200)
  await app.newEvents()
  invalidGrant(await clientPost(app, 'token', codeForm(code)))
  const [ended] = await app.newEvents()
  assert.deepEqual([ended?.type, ended?.data.cause], ['grant.ended', 'code_reused'])
  assert.equal(await membersStatus(app, token), 401)
})

test('a code goes with its verifier, its redirect URI and its client; a mistake changes nothing', async () => {
  const app = await start()
  const code = await codeFor(app)
  await app.newEvents()
  const other = basic('other_app', 'other secret: +%')
  invalidGrant(await clientPost(app, 'token', codeForm(code, { code_verifier: 'x'.repeat(43) })))
  invalidGrant(await clientPost(app, 'token', codeForm(code, { code_verifier: 'short' })))
  invalidGrant(await clientPost(app, 'token', codeForm(code, { redirect_uri: `${CALLBACK}/` })))
  invalidGrant(await clientPost(app, 'token', codeForm(code), other))
  invalidGrant(await clientPost(app, 'token', codeForm('no-such-code')))
  await app.assertEvents()
  tokensOf(await clientPost(app, 'token', codeForm(code)))
})

test('codes, access tokens and refresh tokens end by the clock', async () => {
  const app = await start()
  const code = await codeFor(app)
  app.clock.advance(10 * MINUTE)
  invalidGrant(await clientPost(app, 'token', codeForm(code)))

  const tokens = await connect(app)
  app.clock.advance(30 * DAY - SECOND)
  assert.equal(await membersStatus(app, tokens.access_token), 200)
  app.clock.advance(SECOND)
  assert.equal(await membersStatus(app, tokens.access_token), 401)
  const refreshed = tokensOf(await refresh(app, tokens.refresh_token))
  assert.equal(await membersStatus(app, refreshed.access_token), 200)
  app.clock.advance(90 * DAY)
  invalidGrant(await refresh(app, refreshed.refresh_token))
})

test('what expired is forgotten, and a grant without any token ends', async () => {
  const app = await start()
  await codeFor(app)
  const tokens = await connect(app)
  await app.newEvents()
  app.clock.advance(2 * HOUR)
  while ((await oauth.purge(app.app.context, 2)) > 0);
  const [ended, ...more] = await app.newEvents()
  assert.deepEqual([ended?.type, ended?.data.cause, ended?.actor], ['grant.ended', 'expired', 'system:oauth'])
  assert.deepEqual(more, [])
  assert.equal(await membersStatus(app, tokens.access_token), 200)
  app.clock.advance(90 * DAY)
  while ((await oauth.purge(app.app.context, 2)) > 0);
  await app.assertEvents('grant.ended')
  const left = await app.app.context.db.selectFrom('aftership_oauth_tokens').select('token_hash').execute()
  assert.deepEqual(left, [])
})

test('revoking either token ends the whole grant; an unknown token is no error', async () => {
  const app = await start()
  for (const which of ['access_token', 'refresh_token'] as const) {
    const tokens = await connect(app)
    await app.newEvents()
    const reply = await clientPost(app, 'revoke', { token: tokens[which], token_type_hint: 'access_token' })
    assert.deepEqual([reply.statusCode, reply.body], [200, ''])
    const [ended] = await app.newEvents()
    assert.deepEqual([ended?.type, ended?.data.cause], ['grant.ended', 'revoked'])
    assert.equal(await membersStatus(app, tokens.access_token), 401)
    invalidGrant(await refresh(app, tokens.refresh_token))
    assert.equal((await clientPost(app, 'revoke', { token: tokens[which] })).statusCode, 200)
  }
  assert.equal((await clientPost(app, 'revoke', { token: 'unknown' })).statusCode, 200)
  await app.assertEvents()
})

test("another client's token cannot be revoked", async () => {
  const app = await start()
  const { access_token: token } = await connect(app)
  await app.newEvents()
  invalidGrant(await clientPost(app, 'revoke', { token }, basic('other_app', 'other secret: +%')))
  await app.assertEvents()
  assert.equal(await membersStatus(app, token), 200)
})

test('removing the member who consented stops the tokens; restoring brings back those alone', async () => {
  const app = await start()
  const before = await connect(app)
  await clientPost(app, 'revoke', { token: before.access_token })
  const tokens = await connect(app)
  const elsewhere = await connect(app, { organization: 'contoso' })
  assert.equal(await membersStatus(app, tokens.access_token), 200)
  await app.newEvents()

  const removal = { url: '/admin/2022-01/memberships/m_adam', headers: { 'as-api-key': 'k_northwind' } }
  assert.equal((await app.request({ method: 'DELETE', ...removal })).statusCode, 200)
  const removed = await app.newEvents()
  assert.deepEqual(
    removed.map(({ type, data }) => [type, data.cause]),
    [
      ['membership.deleted', undefined],
      ['grant.ended', 'membership:m_adam'],
    ],
  )
  assert.equal(await membersStatus(app, tokens.access_token), 401)
  assert.equal(await membersStatus(app, elsewhere.access_token), 200)
  invalidGrant(await refresh(app, tokens.refresh_token))
  await app.assertEvents()

  await control(app, 'POST', '/organizations/northwind/memberships/m_adam/restore')
  await app.assertEvents('membership.restored', 'grant.resumed')
  assert.equal(await membersStatus(app, tokens.access_token), 200)
  assert.equal(await membersStatus(app, before.access_token), 401)
  tokensOf(await refresh(app, tokens.refresh_token))
})

test('what was revoked while the member was away stays ended', async () => {
  const app = await start()
  const tokens = await connect(app)
  await control(app, 'DELETE', '/organizations/northwind/memberships/m_adam')
  await clientPost(app, 'revoke', { token: tokens.access_token })
  await app.newEvents()
  await control(app, 'POST', '/organizations/northwind/memberships/m_adam/restore')
  await app.assertEvents('membership.restored')
  assert.equal(await membersStatus(app, tokens.access_token), 401)
})

test('a code is worth nothing once the member is removed', async () => {
  const app = await start()
  const code = await codeFor(app)
  await control(app, 'DELETE', '/organizations/northwind/memberships/m_adam')
  invalidGrant(await clientPost(app, 'token', codeForm(code)))
})

test('an app that is no partner any more loses its grants for good', async () => {
  const app = await start()
  const tokens = await connect(app)
  const suspended = await connect(app, { email: 'rosa@northwind.test' })
  await control(app, 'DELETE', '/organizations/northwind/memberships/m_rosa')
  await app.newEvents()
  assert.equal((await control(app, 'PATCH', '/apps/partner_app', { partner: false })).statusCode, 200)
  await app.assertEvents('app.updated', 'grant.ended', 'grant.ended')
  assert.equal(await membersStatus(app, tokens.access_token), 401)
  assert.equal((await refresh(app, tokens.refresh_token)).json().error, 'unauthorized_client')

  await control(app, 'PATCH', '/apps/partner_app', { partner: true })
  await control(app, 'POST', '/organizations/northwind/memberships/m_rosa/restore')
  await app.assertEvents('app.updated', 'membership.restored')
  assert.equal(await membersStatus(app, tokens.access_token), 401)
  assert.equal(await membersStatus(app, suspended.access_token), 401)
  await control(app, 'PATCH', '/apps/partner_app', { partner: true })
  await app.assertEvents()
})

test('a removed app is unknown and its grants are over; a rotated secret replaces the old one', async () => {
  const app = await start()
  const { access_token: token } = await connect(app)
  await app.newEvents()
  const rotated = await control(app, 'POST', '/apps/partner_app/rotate-secret')
  const { clientSecret } = rotated.json<{ clientSecret: string }>()
  assert.equal((await clientPost(app, 'revoke', { token: 'x' })).statusCode, 401)
  assert.equal((await clientPost(app, 'revoke', { token: 'x' }, basic('partner_app', clientSecret))).statusCode, 200)
  assert.equal(await membersStatus(app, token), 200)

  assert.equal((await control(app, 'DELETE', '/apps/partner_app')).statusCode, 204)
  await app.assertEvents('app.secret_rotated', 'app.deleted', 'grant.ended')
  assert.equal(await membersStatus(app, token), 401)
  assert.equal((await new Browser(app).get(`/oauth/aftership/authorize?${authorizeQuery()}`)).statusCode, 400)
  assert.equal(
    (await clientPost(app, 'revoke', { token }, basic('partner_app', clientSecret))).json().error,
    'invalid_client',
  )
})

// Memberstack contract section 10, what members do to their own data: read it, change it, hold plans, leave.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ACME,
  acmeSeed,
  assertTooMany,
  clientRecord,
  crowd,
  isLive,
  loginToken,
  signUp,
  tokenFor,
  tour,
  tryLogin,
} from './memberstack.client.support.ts'
import {
  ada,
  assertRefused,
  callClient,
  freeConnection,
  getMember,
  ids,
  type Json,
  memberRecord,
  ok,
  okClient,
  plans,
  type Refusal,
} from './memberstack.support.ts'
import { MINUTE, startApp, type TestApp } from './support.ts'

const email = 'nina@acme.example'

/** Nina, signed up, and calls in her name. */
async function start(seed: string = ACME) {
  const app = crowd(await startApp(seed))
  const { member, tokens } = await signUp(app, { email })
  const token: string = tokens.accessToken
  await app.newEvents()
  return {
    app,
    token,
    id: member.id as string,
    post: (path: string, body: object): Promise<Json> => okClient(app, 'POST', path, { token, body }),
    tryPost: (path: string, body: object | string) => callClient(app, 'POST', path, { token, body }),
    get: (path: string): Promise<Json> => okClient(app, 'GET', path, { token }),
  }
}

/** The one event since the last look, which is of this type. */
async function onlyEvent(app: TestApp, type: string): Promise<{ subject: string; data: Json }> {
  const [event, ...more] = await app.newEvents()
  assert.ok(event, 'an event was written')
  assert.deepEqual([event.type, more.map(other => other.type)], [type, []])
  return event
}

test('a member reads what Admin sees, without the JSON, which has its own route', async () => {
  const { app } = await start()
  const token = await loginToken(app, ada.email)
  const { json, ...shown } = await getMember(app, ids.ada)
  const { auth, teams, ...member } = await okClient(app, 'GET', '/member', { token })
  assert.deepEqual({ ...member, auth: { email: auth.email } }, shown)
  assert.deepEqual(auth, { email: ada.email, hasPassword: true, providers: [] })
  assert.deepEqual(teams, { ownedTeams: [], joinedTeams: [] })
  assert.deepEqual(await okClient(app, 'GET', '/member/json', { token }), json)
})

test('custom fields and metadata merge by one level; null removes, and in metadata an empty text too', async () => {
  const { app, id, post, get } = await start()
  await post('/member', {
    customFields: { a: 1, b: { x: 1, y: 2 }, c: 'c' },
    metaData: { a: 1, b: 'b', c: 'c', d: 'd' },
  })
  assert.equal((await onlyEvent(app, 'member.updated')).subject, id)
  const updated: Json = await post('/member', {
    customFields: { a: null, b: { z: 3 }, d: '' },
    metaData: { a: 0, b: null, c: '', e: false },
  })
  const fields = { customFields: { b: { z: 3 }, c: 'c', d: '' }, metaData: { a: 0, d: 'd', e: false } }
  assert.deepEqual(updated, clientRecord({ id, email, ...fields }))
  assert.deepEqual(await get('/member'), updated)
  const event = await onlyEvent(app, 'member.updated')
  const shown = memberRecord({ id, auth: { email }, lastLogin: updated.lastLogin, ...fields })
  assert.deepEqual(event.data, { environment: 'sandbox', member: shown })
})

test('a key may be called anything', async () => {
  const { app, token, id, get } = await start()
  const fields = '{"__proto__":{"polluted":1},"constructor":2,"toString":"x","1":"one","":"none","ключ 🔑":[1]}'
  const body = `{"customFields":${fields},"metaData":${fields}}`
  const json = `{"json":${fields}}`
  assert.equal((await callClient(app, 'POST', '/member', { token, body })).status, 200)
  assert.equal((await callClient(app, 'POST', '/member/json', { token, body: json })).status, 200)
  const stored = [await get('/member'), await getMember(app, id)].flatMap(member => [
    member.customFields,
    member.metaData,
  ])
  for (const found of [...stored, await get('/member/json')]) {
    assert.deepEqual(Object.entries(found).toSorted(), Object.entries(JSON.parse(fields)).toSorted())
  }
  assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false)
})

test('an update that changes nothing, or only what a member may not change, is answered and writes nothing', async () => {
  const { app, id, post, get } = await start()
  await post('/member', { customFields: { a: 1 } })
  await app.newEvents()
  const before = await get('/member')
  const idle = [
    {},
    { customFields: {}, metaData: {} },
    { customFields: { a: 1, gone: null }, metaData: { gone: '' } },
    { verified: true, permissions: ['edit:all'], loginRedirect: '/x', stripeCustomerId: 'cus_x', json: { a: 1 } },
    { id: ids.ada, email: 'other@acme.example', password: 'another password' },
  ]
  for (const body of idle) assert.deepEqual(await post('/member', body), before)
  await app.assertEvents()
  assert.deepEqual((await getMember(app, id)).json, {})
  await loginToken(app, email)
})

test('an update that does not fit is refused, and changes nothing', async t => {
  const cases: [string, object | string, Refusal, ...string[]][] = [
    ['/member', { customFields: 'x' }, 'badField', 'customFields'],
    ['/member', { customFields: ['x'] }, 'badField', 'customFields'],
    ['/member', { customFields: { a: 1 }, metaData: 7 }, 'badField', 'metaData'],
    ['/member', '{"customFields":{a:1}}', 'invalidJson'],
    ['/member-auth', { email: 'nina' }, 'invalidEmail'],
    ['/member-auth', { email: 7 }, 'badField', 'email'],
    ['/member-auth', { email: ada.email.toLowerCase() }, 'emailTaken'],
    ['/member-auth', { oldPassword: 'not it', newPassword: 'long enough' }, 'wrongPassword'],
    ['/member-auth', { oldPassword: 'correct horse battery', newPassword: 'short' }, 'passwordTooShort'],
    ['/member-auth', { oldPassword: 'correct horse battery', newPassword: 12345678 }, 'badField', 'newPassword'],
    ['/member-auth', { email: 'n@acme.example', oldPassword: 'not it', newPassword: 'long enough' }, 'wrongPassword'],
    [
      '/member-auth',
      { email: ada.email, oldPassword: 'correct horse battery', newPassword: 'long enough' },
      'emailTaken',
    ],
    ['/member/json', { json: 'text' }, 'badField', 'json'],
    ['/member/json', { json: 5 }, 'badField', 'json'],
    ['/member/json', { json: true }, 'badField', 'json'],
    ['/member/set-password', { password: 'another password' }, 'badField'],
    ['/member/plans/add', { planId: plans.paid.id }, 'planNotFree'],
    ['/member/plans/add', { planId: plans.staff.id }, 'planRestricted'],
    ['/member/plans/add', { planId: plans.retired.id }, 'planNotFound'],
    ['/member/plans/add', { planId: plans.liveOnly.id }, 'planNotFound'],
    ['/member/plans/add', { planId: 'pln_none' }, 'planNotFound'],
    ['/member/plans/remove', { planId: plans.free.id }, 'noPlanFound'],
    ['/member/plans/remove', { planId: plans.paid.id }, 'planNotFree'],
    ['/member/plans/remove', { planId: 'pln_none' }, 'planNotFound'],
  ]
  const { app, get, tryPost } = await start()
  const before = await get('/member')
  for (const [path, body, refusal, ...texts] of cases) {
    await t.test(`${path} ${JSON.stringify(body)}`, async () => {
      assertRefused(await tryPost(path, body), refusal, ...texts)
      await app.assertEvents()
      // Its token, which both are read with, lives on.
      assert.deepEqual([await get('/member'), await get('/member/json')], [before, {}])
      await loginToken(app, email)
      await app.assertEvents('member.signed_in')
    })
  }
})

test('a new email is the one to log in with, is not verified, and frees the old one', async () => {
  const { app, id, post } = await start()
  await ok(app, 'PATCH', `/members/${id}`, { body: { verified: true } })
  await app.newEvents()
  const member = await post('/member-auth', { email: 'Nina.New@acme.example' })
  assert.deepEqual(member, clientRecord({ id, email: 'Nina.New@acme.example', lastLogin: member.lastLogin }))
  const event = await onlyEvent(app, 'member.updated')
  assert.deepEqual(event.data.member, await getMember(app, id))
  assertRefused(await tryLogin(app, email, 'correct horse battery'), 'invalidCredentials')
  await loginToken(app, 'nina.new@acme.example')
  await tokenFor(app, email)
})

test('the own email again, in other letters, is no conflict', async () => {
  const { app, post } = await start()
  assert.equal((await post('/member-auth', { email: 'NINA@acme.example' })).auth.email, 'NINA@acme.example')
  await loginToken(app, email)
})

test('a new password takes the place of the old one; with an email both change or neither does', async () => {
  const { app, post } = await start()
  const passwords = { oldPassword: 'correct horse battery', newPassword: 'staple battery horse' }
  const member = await post('/member-auth', passwords)
  assert.equal(member.auth.email, email)
  await app.assertEvents('member.password_changed')
  assertRefused(await tryLogin(app, email, passwords.oldPassword), 'invalidCredentials')
  await loginToken(app, email, passwords.newPassword)
  await app.newEvents()

  const both = { email: 'both@acme.example', oldPassword: passwords.newPassword, newPassword: 'a third password' }
  assert.equal((await post('/member-auth', both)).auth.email, both.email)
  const types = (await app.newEvents()).map(({ type }) => type)
  assert.deepEqual(types.toSorted(), ['member.password_changed', 'member.updated'])
  await loginToken(app, both.email, both.newPassword)
})

test('a token is no way to find out the password: after ten wrong ones no other is looked at for 15 minutes', async () => {
  const { app, token, tryPost } = await start()
  const other = await tokenFor(app, 'otto@acme.example')
  const newPassword = 'staple battery horse'
  const change = (oldPassword: string) => tryPost('/member-auth', { oldPassword, newPassword })
  for (let time = 0; time < 10; time++) assertRefused(await change(`wrong ${time}`), 'wrongPassword')
  await app.newEvents()
  assertTooMany(await change('correct horse battery'), 15 * MINUTE)
  await app.assertEvents()
  assert.ok(await isLive(app, token))
  await loginToken(app, email)
  const body = { oldPassword: 'correct horse battery', newPassword }
  assert.equal((await callClient(app, 'POST', '/member-auth', { token: other, body })).status, 200)
  app.clock.advance(15 * MINUTE)
  assert.equal((await change('correct horse battery')).status, 200)
})

test('the JSON is replaced whole, by objects and lists; null makes it empty', async () => {
  const { app, id, post, get } = await start()
  assert.deepEqual(await get('/member/json'), {})
  const values: [unknown, unknown][] = [
    [
      { a: 1, b: { c: [1, 'two', null] } },
      { a: 1, b: { c: [1, 'two', null] } },
    ],
    [{ b: 2 }, { b: 2 }],
    [
      ['a', { b: 1 }],
      ['a', { b: 1 }],
    ],
    [null, {}],
  ]
  for (const [sent, stored] of values) {
    assert.deepEqual(await post('/member/json', { json: sent }), stored)
    assert.deepEqual(await get('/member/json'), stored)
    assert.deepEqual((await getMember(app, id)).json, stored)
    const event = await onlyEvent(app, 'member.updated')
    assert.deepEqual(event.data.member.json, stored)
  }
  await post('/member/json', { json: {} })
  await app.assertEvents()
})

test('a free plan is held at once and left at once, and its permissions come and go with it', async () => {
  const { app, id, post } = await start()
  const { member, redirect, app: shown, ...rest } = await post('/member/plans/add', { planId: plans.plus.id })
  assert.deepEqual([rest, redirect], [{}, ''])
  assert.deepEqual(shown, await okClient(app, 'GET', '/app'))
  const [connection] = member.planConnections
  assert.deepEqual(connection, freeConnection(connection.id, plans.plus))
  assert.deepEqual(member.permissions, plans.plus.permissions)
  const added = await onlyEvent(app, 'member.plan.added')
  const about = { environment: 'sandbox', id, member: { id, email } }
  assert.deepEqual(added.data, { ...about, planConnection: connection })

  assert.equal((await post('/member/plans/add', { planId: tour.id })).redirect, '/tour/start')
  await app.newEvents()
  const again = await post('/member/plans/add', { planId: plans.plus.id })
  assert.deepEqual(Object.keys(again).toSorted(), ['app', 'member', 'redirect'])
  assert.equal(again.member.planConnections.length, 2)
  await app.assertEvents()

  const left = await post('/member/plans/remove', { planId: plans.plus.id })
  assert.deepEqual(Object.keys(left), ['member'])
  assert.deepEqual(
    left.member.planConnections.map(({ planId }: Json) => planId),
    [tour.id],
  )
  assert.deepEqual(left.member.permissions, [])
  const canceled = await onlyEvent(app, 'member.plan.canceled')
  assert.deepEqual(canceled.data, {
    ...about,
    planConnection: { ...connection, active: false, status: 'CANCELED' },
  })
})

test('a plan that is missing or no text is refused by its field', async () => {
  const { app, tryPost } = await start()
  for (const path of ['/member/plans/add', '/member/plans/remove']) {
    for (const body of [{ planId: 5 }, { planId: [plans.free.id] }]) {
      assertRefused(await tryPost(path, body), 'badField', 'planId')
    }
    const missing = await tryPost(path, {})
    assert.equal(missing.status, 400)
    assert.ok(missing.body.message.includes('planId'))
  }
  await app.assertEvents()
})

test('members delete themselves: gone at once, with their token and their email', async () => {
  const { app, token, id } = await start()
  const other = await loginToken(app, email)
  await app.newEvents()
  assert.deepEqual(await okClient(app, 'DELETE', '/member', { token }), { id })
  const event = await onlyEvent(app, 'member.deleted')
  assert.deepEqual([event.subject, event.data.environment, event.data.id], [id, 'sandbox', id])
  assert.equal(await getMember(app, id), null)
  assert.equal(await getMember(app, email), null)
  for (const dead of [token, other]) {
    assert.equal(await isLive(app, dead), false)
    assertRefused(await callClient(app, 'DELETE', '/member', { token: dead }), 'badToken')
  }
  assertRefused(await tryLogin(app, email, 'correct horse battery'), 'invalidCredentials')
  await app.assertEvents()
  const { member } = await signUp(app, { email })
  assert.notEqual(member.id, id)
  assert.equal(await isLive(app, token), false, 'the newcomer is somebody else')
})

test('where members may not delete themselves they are told so, and stay', async () => {
  const { app, token } = await start(acmeSeed({ allowMemberSelfDelete: false }))
  assertRefused(await callClient(app, 'DELETE', '/member', { token }), 'accessDenied')
  await app.assertEvents()
  assert.ok(await isLive(app, token))
})

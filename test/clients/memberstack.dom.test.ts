// Memberstack's official package for pages, unmodified, in a real browser on a page of another origin: contract
// section 17. Whatever else goes wrong in the page fails the test: errors nobody caught, failed requests, refusals that
// were not meant.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Page, type PageOptions, startBrowser } from '../browser.ts'
import {
  ACME,
  acmeSeed,
  assertAuth,
  clientRecord,
  codeIn,
  gold,
  NEW_PASSWORD,
  otherThan,
  tour,
  verifyToken,
} from '../memberstack.client.support.ts'
import {
  call,
  callClient,
  freeConnection,
  ids,
  type Json,
  keys,
  LIVE_MEMBER_ID,
  MEMBER_ID,
  PASSWORD,
  plans,
  START,
} from '../memberstack.support.ts'
import { startApp, type TestApp } from '../support.ts'
import { assertRejects } from './rejects.ts'

const EMAIL = 'grace@acme.example'
const browser = await startBrowser()

interface Started extends Page {
  app: TestApp
  /** The server's own origin. */
  server: string
}

interface StartOptions extends Partial<PageOptions> {
  seed?: string
  /** What the base URL ends with. */
  ending?: string
  /** When the server's clock starts; the page's is the real one. */
  now?: string
}

async function start({ seed = ACME, ending = '', now = START, ...options }: StartOptions = {}): Promise<Started> {
  const app = await startApp(seed, { now })
  const server = await app.app.listen()
  const page = await browser.visit({ publicKey: keys.acmePublic, domain: `${server}${ending}`, ...options })
  return { ...page, app, server }
}

async function signUp({ memberstack }: Page, fields: object = {}): Promise<Json> {
  const { data } = await memberstack.signupMemberEmailPassword({ email: EMAIL, password: PASSWORD, ...fields })
  return data
}

/** Asserts that nothing went wrong in the page but these refusals. */
async function assertQuiet(page: Page, ...expected: string[]): Promise<void> {
  await page.settled()
  assert.deepEqual(page.troubles, [])
  assert.deepEqual(page.refusals, expected)
}

const INVALID = ['invalid-credentials', 'The provided credentials are invalid.'] as const

for (const ending of ['', '/']) {
  describe(`a domain that ends with "${ending}"`, () => {
    test('sign-up, current member, update, json, logout; the token verifies', async () => {
      const page = await start({ ending })
      const { memberstack, app } = page
      assert.deepEqual(await memberstack.getCurrentMember(), { data: null })
      const fields = { customFields: { country: 'Norway' }, metaData: { source: 'page' } }
      const auth = await signUp(page, { ...fields, plans: [{ planId: tour.id }] })
      const { id, planConnections } = auth.member
      assert.match(id, MEMBER_ID)
      const toured = [freeConnection(planConnections[0].id, tour)]
      const member = clientRecord({ id, email: EMAIL, ...fields, planConnections: toured })
      assertAuth(auth, { member, redirect: '/tour/start' })
      const token: string = auth.tokens.accessToken
      assert.equal((await verifyToken(app, token)).body.data.id, id)
      assert.deepEqual([await page.stored('_ms-mid'), await memberstack.getMemberCookie()], [token, token])

      assert.deepEqual(await memberstack.getCurrentMember(), { data: member })
      const customFields = { country: '', city: 'Oslo' }
      assert.deepEqual(await memberstack.updateMember({ customFields }), { data: { ...member, customFields } })
      assert.deepEqual(await memberstack.getMemberJSON(), { data: {} })
      assert.deepEqual(await memberstack.updateMemberJSON({ json: { a: [1] } }), { data: { a: [1] } })
      assert.deepEqual(await memberstack.getMemberJSON(), { data: { a: [1] } })

      await page.reload()
      assert.deepEqual(await memberstack.getCurrentMember(), { data: { ...member, customFields } })
      assert.deepEqual(await memberstack.logout(), { data: { redirect: '/tour/bye' } })
      assert.equal(await page.stored('_ms-mid'), null)
      assert.deepEqual(await memberstack.getCurrentMember(), { data: null })
      assert.equal((await verifyToken(app, token)).status, 400)
      await assertQuiet(page)
    })
  })
}

test('login: a wrong password, nobody, the right one; an email that is taken', async () => {
  const page = await start()
  const { memberstack, app } = page
  const { member } = await signUp(page)
  await memberstack.logout()
  await assertRejects(memberstack.loginMemberEmailPassword({ email: EMAIL, password: NEW_PASSWORD }), ...INVALID)
  const nobody = { email: 'nobody@acme.example', password: PASSWORD }
  await assertRejects(memberstack.loginMemberEmailPassword(nobody), ...INVALID)
  assert.equal(await page.stored('_ms-mid'), null)
  const { data: auth } = await memberstack.loginMemberEmailPassword({ email: EMAIL, password: PASSWORD })
  assertAuth(auth, { member })
  assert.equal((await verifyToken(app, auth.tokens.accessToken)).body.data.id, member.id)
  await assertRejects(signUp(page), 'email-already-in-use', 'An account with this email already exists.')
  await assertQuiet(page, '401 POST /auth/login', '401 POST /auth/login', '400 POST /auth/signup')
})

test('a login to the live environment, whose members are its own', async () => {
  const page = await start({ publicKey: keys.acmeLivePublic })
  const { data: auth } = await page.memberstack.loginMemberEmailPassword({
    email: 'ada@acme.example',
    password: PASSWORD,
  })
  assert.match(auth.member.id, LIVE_MEMBER_ID)
  assert.equal((await page.memberstack.getApp()).data.mode, 'live')
  await assertQuiet(page)
})

test('a session that the server ended is cleared, without an error in the page', async () => {
  const page = await start()
  const { memberstack, app } = page
  const { member } = await signUp(page)
  assert.equal((await call(app, 'DELETE', `/members/${member.id}`)).status, 200)
  assert.deepEqual(await memberstack.getCurrentMember(), { data: null })
  assert.equal(await page.stored('_ms-mid'), null)
  await assertQuiet(page)
})

test('a session that has expired ends by logout all the same', async () => {
  const page = await start({ seed: acmeSeed({ tokenLifetimeSeconds: 60 }) })
  await signUp(page)
  page.app.clock.advance(61_000)
  await assertRejects(page.memberstack.getMemberJSON(), 'client/invalid-token')
  const { data } = await page.memberstack.logout()
  assert.equal(typeof data.redirect, 'string')
  assert.equal(await page.stored('_ms-mid'), null)
  await assertQuiet(page, '401 GET /member/json')
})

test('a new email and a new password', async () => {
  const page = await start()
  const { memberstack } = page
  const { member } = await signUp(page)
  const email = 'hopper@acme.example'
  const moved = { ...member, auth: { ...member.auth, email } }
  assert.deepEqual(await memberstack.updateMemberAuth({ email }), { data: moved })
  const wrong = memberstack.updateMemberAuth({ oldPassword: NEW_PASSWORD, newPassword: PASSWORD })
  await assertRejects(wrong, 'invalid-password', 'The password is incorrect.')
  const right = { oldPassword: PASSWORD, newPassword: NEW_PASSWORD }
  assert.deepEqual(await memberstack.updateMemberAuth(right), { data: moved })
  assert.deepEqual(await memberstack.getCurrentMember(), { data: moved })
  await memberstack.logout()
  await assertRejects(memberstack.loginMemberEmailPassword({ email, password: PASSWORD }), ...INVALID)
  await memberstack.loginMemberEmailPassword({ email, password: NEW_PASSWORD })
  await assertQuiet(page, '400 POST /member-auth', '401 POST /auth/login')
})

test('plans: shown, added, removed, refused', async () => {
  const page = await start()
  const { memberstack } = page
  const { data: all } = await memberstack.getPlans()
  const shown = all.find(({ id }) => id === gold.id)
  assert.deepEqual(shown, { id: gold.id, name: gold.name, description: null, priority: null, prices: gold.prices })
  assert.deepEqual(await memberstack.getPlan({ planId: gold.id }), { data: { ...shown, status: 'ACTIVE' } })

  await signUp(page)
  const { data: added } = await memberstack.addPlan({ planId: tour.id })
  assert.equal(added.redirect, '/tour/start')
  assert.deepEqual(added.app, (await memberstack.getApp()).data)
  assert.deepEqual(added.member, (await memberstack.getCurrentMember()).data)
  assert.equal(added.member.planConnections[0]?.planId, tour.id)
  const { data: removed } = await memberstack.removePlan({ planId: tour.id })
  assert.deepEqual(removed, { member: { ...added.member, planConnections: [] } })

  await assertRejects(memberstack.removePlan({ planId: tour.id }), 'no-plan-found')
  await assertRejects(memberstack.addPlan({ planId: gold.id }), 'plan-not-free')
  await assertRejects(memberstack.addPlan({ planId: plans.staff.id }), 'plan-restricted-to-admin')
  await assertRejects(memberstack.addPlan({ planId: plans.retired.id }), 'plan-not-found')
  const add = '400 POST /member/plans/add'
  await assertQuiet(page, '400 POST /member/plans/remove', add, add, add)
})

test('the app, with the member and a session; pages and events that are reported', async () => {
  const group = { id: 'cnt_1', name: 'Library', key: 'library', redirect: '/join', plans: [plans.free.id] }
  const urls = [{ url: '/library', filter: 'STARTS_WITH' }]
  const page = await start({ appId: ids.acme, seed: acmeSeed({ contentGroups: [{ ...group, urls }] }) })
  const { memberstack } = page
  await page.settled()
  const { data: app } = await memberstack.getApp()
  assert.deepEqual([app.id, app.mode, app.plans.length > 0], [ids.acme, 'sandbox', true])
  const groups = [{ ...group, allowAllMembers: false, urls, plans: [{ id: plans.free.id }] }]
  assert.deepEqual(await memberstack.getRestrictedUrlGroups(), { data: groups })

  const { data: first }: Json = await memberstack.getAppAndMember()
  const { sessionId } = first.sessionData
  assert.deepEqual(first, { app, member: null, sessionData: { sessionId } })
  assert.match(sessionId, /^[A-Za-z0-9_-]{1,26}$/)
  assert.equal(await page.stored('ms_session_id'), sessionId)
  const { member } = await signUp(page)
  assert.deepEqual(await memberstack.getAppAndMember(), { data: { app, member, sessionData: { sessionId } } })

  await page.run(path => (globalThis as unknown as { history: History }).history.pushState({}, '', path), '/next')
  await memberstack.trackPageView()
  assert.deepEqual(await memberstack._Event({ data: { name: 'opened' } } as never), { data: { success: true } })
  assert.equal(await page.stored('ms_session_id'), sessionId)
  await page.settled()
  const reports = page.answers.filter(line => /page-view|event/.test(line))
  assert.deepEqual(reports.toSorted(), ['200 POST /event', ...Array(3).fill('200 POST /page-view')])
  await assertQuiet(page)
})

/** As much of a page as is used here. */
interface History {
  pushState(state: object, unused: string, path: string): void
}

test('passwordless: sign-up and login by code, then a password', async () => {
  const page = await start()
  const { memberstack, app } = page
  const mailed = async (email = EMAIL) => codeIn((await app.mailsTo(email))[0]?.text ?? '')
  assert.deepEqual(await memberstack.sendMemberSignupPasswordlessEmail({ email: EMAIL }), { data: { success: true } })
  const code = await mailed()
  const fields = { email: EMAIL, customFields: { country: 'Norway' } }
  const wrong = memberstack.signupMemberPasswordless({ ...fields, passwordlessToken: otherThan(code) })
  await assertRejects(wrong, 'invalid-passwordless-login-code')
  const { data: auth }: Json = await memberstack.signupMemberPasswordless({ ...fields, passwordlessToken: code })
  const { id } = auth.member
  const member = clientRecord({ id, ...fields, hasPassword: false, verified: true })
  assertAuth(auth, { member })
  await memberstack.logout()

  app.clock.advance(1)
  assert.deepEqual(await memberstack.sendMemberLoginPasswordlessEmail({ email: EMAIL }), { data: { success: true } })
  const { data: login } = await memberstack.loginMemberPasswordless({ email: EMAIL, passwordlessToken: await mailed() })
  assert.equal((await verifyToken(app, login.tokens.accessToken)).body.data.id, id)
  assert.deepEqual((await memberstack.setPassword({ password: PASSWORD })).data.auth.hasPassword, true)
  await assertRejects(memberstack.setPassword({ password: NEW_PASSWORD }), 'generic-message')
  await memberstack.logout()
  await memberstack.loginMemberEmailPassword({ email: EMAIL, password: PASSWORD })

  const unknown = memberstack.sendMemberLoginPasswordlessEmail({ email: 'nobody@acme.example' })
  await assertRejects(unknown, 'member-not-found')
  await assertRejects(memberstack.sendMemberSignupPasswordlessEmail({ email: EMAIL }), 'email-already-in-use')
  await assertQuiet(
    page,
    '400 POST /auth/signup',
    '400 POST /member/set-password',
    '400 POST /auth/passwordless/login/send',
    '400 POST /auth/passwordless/signup/send',
  )
})

test('a forgotten password', async () => {
  const page = await start()
  const { memberstack, app } = page
  await signUp(page)
  await memberstack.logout()
  const sent = await memberstack.sendMemberResetPasswordEmail({ email: EMAIL })
  assert.ok(typeof sent.data === 'string' && sent.data !== '')
  assert.deepEqual(await memberstack.sendMemberResetPasswordEmail({ email: 'nobody@acme.example' }), sent)
  const token = codeIn((await app.mailsTo(EMAIL))[0]?.text ?? '')
  const reset = (code: string) => memberstack.resetMemberPassword({ token: code, newPassword: NEW_PASSWORD })
  await assertRejects(reset(otherThan(token)), 'invalid-reset-code')
  assert.deepEqual(await reset(token), { data: { success: true } })
  await assertRejects(reset(token), 'invalid-reset-code')
  await assertRejects(memberstack.loginMemberEmailPassword({ email: EMAIL, password: PASSWORD }), ...INVALID)
  await memberstack.loginMemberEmailPassword({ email: EMAIL, password: NEW_PASSWORD })
  await assertQuiet(page, '400 POST /auth/reset-password', '400 POST /auth/reset-password', '401 POST /auth/login')
})

test('an email is verified', async () => {
  const page = await start()
  const { memberstack, app } = page
  const { tokens } = await signUp(page)
  assert.deepEqual(await memberstack.sendMemberVerificationEmail(), { data: { success: true } })
  const token = codeIn((await app.mailsTo(EMAIL))[0]?.text ?? '')
  // No package calls this one.
  const options = { token: tokens.accessToken, body: { token } }
  assert.equal((await callClient(app, 'POST', '/auth/verify-email', options)).status, 200)
  assert.equal((await memberstack.getCurrentMember()).data?.verified, true)
  await assertQuiet(page)
})

test('delete: a member who leaves; an app that does not let them', async () => {
  const page = await start()
  const { member, tokens } = await signUp(page)
  assert.deepEqual(await page.memberstack.deleteMember(), { data: { id: member.id } })
  assert.deepEqual([await page.stored('_ms-mid'), await page.stored('_ms-mem')], [null, null])
  assert.deepEqual((await call(page.app, 'GET', `/members/${member.id}`)).body, { data: null })
  assert.equal((await verifyToken(page.app, tokens.accessToken)).status, 400)
  await assertQuiet(page)

  const stays = await start({ seed: acmeSeed({ allowMemberSelfDelete: false }) })
  const kept = await signUp(stays)
  await assertRejects(stays.memberstack.deleteMember(), 'access-denied')
  assert.equal((await stays.memberstack.getCurrentMember()).data?.id, kept.member.id)
  await assertQuiet(stays, '403 DELETE /member')
})

test('the token in a cookie of the page', async () => {
  const page = await start({ useCookies: true, now: new Date().toISOString() })
  const { tokens, member } = await signUp(page)
  assert.equal(await page.stored('_ms-mid'), null)
  assert.equal(await page.memberstack.getMemberCookie(), tokens.accessToken)
  await page.reload()
  assert.deepEqual(await page.memberstack.getCurrentMember(), { data: member })
  await page.memberstack.logout()
  assert.ok(!(await page.memberstack.getMemberCookie()))
  await assertQuiet(page)
})

test('what is not here is refused readably; so is a key that opens nothing', async () => {
  const page = await start()
  const { memberstack } = page
  await assertRejects(memberstack.getTeam({ teamId: 'team_1' }), 'generic-message', 'Cannot GET /member/team/team_1')
  await assertRejects(memberstack.getDataTables(), 'generic-message', 'Cannot GET /v1/data-tables')
  await assertRejects(memberstack.getSecureContent({ contentId: '1' }), 'generic-message')
  await assertRejects(memberstack.deleteMemberProfileImage(), 'generic-message')
  await assertQuiet(
    page,
    '404 GET /member/team/team_1',
    '404 GET /v1/data-tables',
    '404 POST /secure-content',
    '404 DELETE /member/profile-image',
  )
  const stranger = await start({ publicKey: 'pk_sb_nobody' })
  await stranger.settled()
  await assertRejects(stranger.memberstack.getApp(), 'app-not-found', 'Application not found.')
  await assertQuiet(stranger, '401 POST /page-view', '401 GET /app')
})

// These are what the rest rests on: a browser that let everything through would pass it all.
describe('the browser keeps other origins out', () => {
  test('of an app that names its origins', async () => {
    const page = await start({ seed: acmeSeed({ allowedOrigins: ['https://www.acme.example'] }) })
    await assertRejects(page.memberstack.getApp(), 'network-error', 'Network Error')
    assert.ok(page.troubles.some(trouble => trouble.includes('has been blocked by CORS policy')))
    assert.deepEqual(page.answers, [])
    const allowed = await start({ seed: acmeSeed({ allowedOrigins: [page.origin] }) })
    assert.equal((await allowed.memberstack.getApp()).data.id, ids.acme)
    await assertQuiet(allowed)
  })

  test('of the Admin API, also with a secret key', async () => {
    const page = await start()
    const failed = await page.run(
      async ({ url, headers }) => String(await fetch(url, { headers }).catch(error => error)),
      { url: `${page.server}/members`, headers: { 'x-api-key': keys.acme } },
    )
    assert.equal(failed, 'TypeError: Failed to fetch')
    assert.ok(page.troubles.some(trouble => trouble.includes('has been blocked by CORS policy')))
  })

  test('but of the key set', async () => {
    const page = await start()
    const fetchIn = async (url: string) => (await fetch(url)).json() as Promise<{ keys: unknown[] }>
    assert.equal((await page.run(fetchIn, `${page.server}/jwks`)).keys.length, 1)
    await assertQuiet(page)
  })
})

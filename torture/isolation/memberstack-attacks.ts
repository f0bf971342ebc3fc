// What an environment of an app tries with what is another's, of its own other environment too: it must be told the same as
// of something that nobody has.

import type { Attempt } from './ground.ts'
import type { App } from './memberstack-app.ts'
import { tryScope } from './scopes.ts'
import { json } from './wire.ts'
import { ENVIRONMENTS, type Environment } from './world.ts'

/** All that it tries. */
export function attemptsOfApp(app: App): Attempt[] {
  const others = [byEmail, byEmail, byPlan, byPlan, byPlan, byPlan, byLogin, byCode, byCode, byKey]
  return [
    ...BY_ID.map(act => () => byId(app, act)),
    ...WITH_TOKEN.map(act => () => byTokenOnPage(app, act)),
    ...ENVIRONMENTS.map(environment => () => byToken(app, environment)),
    ...BY_CONTROL.map(act => () => byControl(app, act)),
    ...[...others, byScope].map(act => () => act(app)),
  ]
}

const BY_ID = [
  ['GET', '/members/ID'],
  ['PATCH', '/members/ID', { customFields: { taken: 'over' } }],
  ['POST', '/members/ID', { json: { taken: 'over' } }],
  ['DELETE', '/members/ID?deleteStripeCustomer=true'],
  ['POST', '/members/ID/add-plan', { planId: 'pln_same' }],
  ['POST', '/members/ID/remove-plan', { planId: 'pln_same' }],
] as const

async function byId(app: App, [method, path, body]: (typeof BY_ID)[number]): Promise<void> {
  const { ground, viewer, random } = app
  const foreign = ground.board.steal(random, viewer, 'memberstack member')
  if (foreign === undefined) return
  const act = (id: string) => app.admin(method, path.replace('ID', id), body)
  await ground.attack(viewer, act, [foreign, alike(app, foreign)])
}

async function byEmail(app: App): Promise<void> {
  const { ground, viewer, random } = app
  const foreign = ground.board.steal(random, viewer, 'memberstack email')
  if (foreign === undefined) return
  const path = random.pick(['/auth/passwordless/login/send', '/auth/send-reset-password-email'])
  const address = app.page('GET', '/').headers
  const act = random.pick([
    (email: string) => app.admin('GET', `/members/${encodeURIComponent(email)}`),
    (email: string) => ({ ...app.page('POST', path, { email }), headers: { ...jsonType, ...address } }),
  ])
  await ground.attack(viewer, act, [foreign, `${ground.marks.letters(12)}@isolation.test`])
}

const jsonType = { 'content-type': 'application/json' }

/** A plan of another app, or of the other environment. */
async function byPlan(app: App): Promise<void> {
  const { ground, viewer, random, members } = app
  const foreign = ground.board.steal(random, viewer, 'memberstack plan')
  if (foreign === undefined) return
  const member = random.pick(members)
  const password = 'a password of nobody'
  const email = `${ground.marks.letters(12)}@isolation.test`
  const [token] = member.tokens
  const address = app.page('GET', '/', undefined, token).headers
  const page = (path: string, body: object) => json('POST', path, address, body)
  const act = random.pick([
    (id: string) => app.admin('POST', `/members/${member.id}/add-plan`, { planId: id }),
    (id: string) => app.admin('POST', `/members/${member.id}/remove-plan`, { planId: id }),
    (id: string) => app.admin('POST', '/members', { email, password, plans: [{ planId: id }] }),
    (id: string) => page('/auth/signup', { email, password, plans: [{ planId: id }] }),
    (id: string) => page('/member/plans/add', { planId: id }),
    (id: string) => json('GET', `/app/plans/${id}`, address),
  ])
  const { status } = await ground.attack(viewer, act, [foreign, `pln_${ground.marks.letters(12)}`])
  if (status < 400) ground.broken(viewer, `${foreign}, a plan of another, was answered with ${status}`)
}

async function byToken(app: App, environment: Environment): Promise<void> {
  const { ground, viewer, random } = app
  const foreign = ground.board.steal(random, viewer, `memberstack token ${environment}`)
  if (foreign === undefined) return
  const act = (token: string) => app.admin('POST', '/members/verify-token', { token })
  const { status } = await ground.attack(viewer, act, [foreign, forged(app, foreign)])
  ground.equal(viewer, "the answer to another's token", status, 400)
}

const WITH_TOKEN = [
  ['GET', '/member'],
  ['POST', '/member', { customFields: { taken: 'over' } }],
  ['DELETE', '/member'],
  ['POST', '/member-auth', { email: 'taken@over.test' }],
  ['GET', '/member/json'],
  ['POST', '/member/json', { json: { taken: 'over' } }],
  ['POST', '/member/plans/add', { planId: 'pln_same' }],
  ['POST', '/member/logout'],
  ['POST', '/auth/send-email-verification'],
  ['GET', '/app-member'],
] as const

/** The own public key with the token of another app, or of the other environment. */
async function byTokenOnPage(app: App, [method, path, body]: (typeof WITH_TOKEN)[number]): Promise<void> {
  const { ground, viewer, random } = app
  const foreign = ground.board.steal(random, viewer, ...ENVIRONMENTS.map(one => `memberstack token ${one}`))
  if (foreign === undefined) return
  const request = app.page(method, path, body)
  // What a page's session is called is new with each answer, unless it says so itself.
  const session = { 'x-session-id': 'one' }
  const act = (token: string) => ({
    ...request,
    headers: { ...request.headers, ...session, authorization: `Bearer ${token}` },
  })
  await ground.attack(viewer, act, [foreign, forged(app, foreign)])
}

/** Somebody who is a member elsewhere, and has the same password there. */
async function byLogin(app: App): Promise<void> {
  const { ground, viewer, random } = app
  const foreign = ground.board.steal(random, viewer, 'memberstack email')
  if (foreign === undefined) return
  const { headers } = app.page('GET', '/')
  const password = `password of ${app.marker}`
  const act = (email: string) => json('POST', '/auth/login', headers, { email, password })
  // An email of its own each time, so that failed logins do not add up.
  if (ground.tried(`${app.name} ${foreign}`) > 3) return
  const { status } = await ground.attack(viewer, act, [foreign, `${ground.marks.letters(12)}@isolation.test`])
  ground.equal(viewer, "the answer to another's login", status, 401)
}

/** A code that was mailed to a member elsewhere. */
async function byCode(app: App): Promise<void> {
  const { ground, viewer, random } = app
  const kind = random.pick(['login', 'reset'])
  const foreign = ground.board.steal(random, viewer, `memberstack ${kind} code`)
  const email = ground.board.steal(random, viewer, 'memberstack email')
  if (foreign === undefined || email === undefined || ground.tried(`${app.name} ${kind} codes`) > 80) return
  if (kind === 'login' && ground.tried(`${app.name} ${email}`) > 3) return
  const { headers } = app.page('GET', '/')
  const act = (code: string) =>
    kind === 'login'
      ? json('POST', '/auth/passwordless/login', headers, { email, passwordlessToken: code })
      : json('POST', '/auth/reset-password', headers, { token: code, newPassword: 'a password of nobody' })
  const { status } = await ground.attack(viewer, act, [foreign, 'nobody'])
  ground.equal(viewer, `the answer to another's ${kind} code`, status, 400)
}

/** A key of another vendor, or an operator's token; and a secret key where a public one belongs. */
async function byKey(app: App): Promise<void> {
  const { ground, viewer, random, seed, environment } = app
  const foreign = ground.board.steal(random, viewer, 'aftership key', 'easypost key')
  if (foreign === undefined) return
  const path = random.pick(['/members', '/app'])
  const { headers } = app.page('GET', '/')
  const key = (word: string) => json('GET', path, { ...headers, 'x-api-key': word })
  await ground.attack(viewer, key, [foreign, ground.marks.letters(foreign.length)])
  const swapped = path === '/app' ? seed.secret[environment] : seed.public[environment]
  await ground.attack(viewer, key, [swapped, `${swapped.slice(0, 6)}${ground.marks.letters(swapped.length - 6)}`])
}

const BY_CONTROL = [
  ['memberstack member', 'GET', '/members/ID'],
  ['memberstack member', 'PATCH', '/members/ID', { permissions: ['everything'] }],
  ['memberstack member', 'POST', '/members/ID/restore'],
  ['memberstack member', 'PUT', '/members/ID/plans/pln_same', {}],
  ['memberstack member', 'DELETE', '/members/ID/plans/pln_same'],
  ['memberstack plan', 'GET', '/plans/ID'],
  ['memberstack plan', 'PATCH', '/plans/ID', { name: 'Taken over' }],
  ['memberstack plan', 'DELETE', '/plans/ID'],
  ['memberstack webhook', 'GET', '/webhooks/ID'],
  ['memberstack webhook', 'PATCH', '/webhooks/ID', {}],
  ['memberstack webhook', 'POST', '/webhooks/ID/disable'],
  ['memberstack webhook', 'DELETE', '/webhooks/ID'],
  ['memberstack delivery', 'GET', '/deliveries/ID'],
  ['memberstack delivery', 'GET', '/deliveries/ID/attempts'],
  ['memberstack delivery', 'POST', '/deliveries/ID/resend'],
  ['memberstack webhook', 'GET', '/deliveries?endpoint=ID'],
] as const

async function byControl(app: App, [kind, method, path, body]: (typeof BY_CONTROL)[number]): Promise<void> {
  const { ground, operator, random } = app
  const foreign = ground.board.steal(random, operator, kind)
  if (foreign === undefined) return
  const requestOf = (id: string) => app.control(method, path.replace('ID', id), body)
  const { status } = await ground.attack(operator, requestOf, [foreign, alike(app, foreign)])
  if (!path.includes('?')) ground.equal(operator, `${method} ${path} of another app`, status, 404)
}

function byScope(app: App): Promise<void> {
  return tryScope(app, app.operator, app.seed.id)
}

/** An id of the same form, and the same environment, that nobody has. */
function alike({ ground }: App, id: string): string {
  const [, prefix = '', rest = ''] = /^(mem_sb_c|mem_c|[a-z]+_)?(.*)$/.exec(id) ?? []
  return prefix + ground.marks.letters(rest.length)
}

/** The same token with a signature that nobody made. */
function forged({ ground }: App, token: string): string {
  return token.slice(0, -20) + ground.marks.letters(20)
}

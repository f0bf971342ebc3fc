// What /openapi/memberstack.json says of each route, held against what the route does.

import assert from 'node:assert/strict'
import test from 'node:test'
import { Compile } from 'typebox/schema'
import { memberRoutes, openRoutes, outOfScope } from './memberstack.client.support.ts'
import {
  ada,
  type Call,
  call,
  createMember,
  ids,
  keys,
  login,
  type Method,
  PASSWORD,
  plans,
  type Reply,
  SEED,
} from './memberstack.support.ts'
import { operatorOf } from './operator.ts'
import { startApp } from './support.ts'

interface Operation {
  security: object[]
  parameters?: { name: string; in: string; description?: string }[]
  requestBody?: { content: Record<string, { schema: { properties?: object; required?: string[] } }> }
  responses: Record<string, { content?: Record<string, { schema: object }> }>
}

const app = await startApp(SEED)
const { paths } = (await app.request({ url: '/openapi/memberstack.json' })).json<{
  paths: Record<string, Record<string, Operation>>
}>()
const documented = Object.entries(paths).flatMap(([path, operations]) =>
  Object.keys(operations).map(method => `${method.toUpperCase()} ${path}`),
)

function operation(route: string): Operation {
  const [method = '', path = ''] = route.split(' ')
  const found = paths[path]?.[method.toLowerCase()]
  assert.ok(found, route)
  return found
}

const { id } = await createMember(app, { json: [1, { a: null }], customFields: { a: [1] }, metaData: { b: { c: 1 } } })
await operatorOf(app).call('PUT', `/memberstack/apps/${ids.acme}/members/${id}/plans/${plans.paid.id}`, {
  status: 'TRIALING',
  payment: { amount: 1 },
})
const { tokens } = await login(app, ada.email)
const token = tokens.accessToken
const member = `/members/${id}`
const client: Call = { key: keys.acmePublic }
const own: Call = { ...client, token }

/** One call of each route that succeeds, in an order in which all can. */
const calls: [route: string, path: string, options: Call][] = [
  ['GET /members', '/members', {}],
  ['GET /members', '/members?includeJSON=true', {}],
  ['POST /members', '/members', { body: { email: 'docs@acme.example', password: PASSWORD } }],
  ['GET /members/{id}', member, {}],
  ['GET /members/{id}', `${member}?include=teams`, {}],
  ['GET /members/{id}', '/members/mem_sb_nobody', {}],
  ['PATCH /members/{id}', member, { body: { verified: true } }],
  ['POST /members/{id}', member, { body: { profileImage: null } }],
  ['POST /members/{id}/add-plan', `${member}/add-plan`, { body: { planId: plans.free.id } }],
  ['POST /members/{id}/remove-plan', `${member}/remove-plan`, { body: { planId: plans.free.id } }],
  ['POST /members/verify-token', '/members/verify-token', { body: { token } }],
  ['DELETE /members/{id}', member, {}],
  ['POST /auth/signup', '/auth/signup', { ...client, body: { email: 'page@acme.example', password: PASSWORD } }],
  ['POST /auth/login', '/auth/login', { ...client, body: { email: 'page@acme.example', password: PASSWORD } }],
  [
    'POST /auth/send-reset-password-email',
    '/auth/send-reset-password-email',
    { ...client, body: { email: 'x@y.test' } },
  ],
  ['POST /auth/passwordless/signup/send', '/auth/passwordless/signup/send', { ...client, body: { email: 'x@y.test' } }],
  ['POST /auth/passwordless/login/send', '/auth/passwordless/login/send', { ...client, body: { email: ada.email } }],
  ['POST /auth/send-email-verification', '/auth/send-email-verification', own],
  ['GET /member', '/member', own],
  ['GET /member', '/member', client],
  ['POST /member', '/member', { ...own, body: { metaData: { a: 1 } } }],
  ['POST /member-auth', '/member-auth', { ...own, body: { email: 'ada.2@acme.example' } }],
  ['GET /member/json', '/member/json', own],
  ['POST /member/json', '/member/json', { ...own, body: { json: [] } }],
  ['POST /member/plans/add', '/member/plans/add', { ...own, body: { planId: plans.plus.id } }],
  ['POST /member/plans/remove', '/member/plans/remove', { ...own, body: { planId: plans.plus.id } }],
  ['GET /app', '/app', client],
  ['GET /app/plans', '/app/plans?status=ALL', client],
  ['GET /app/plans/{id}', `/app/plans/${plans.free.id}`, client],
  ['GET /app/content-groups', '/app/content-groups', client],
  ['GET /app-member', '/app-member', own],
  ['POST /app-member', '/app-member', { ...client, body: { data: {} } }],
  ['POST /page-view', '/page-view', { ...client, body: { data: {} } }],
  ['POST /event', '/event', client],
  ['GET /jwks', '/jwks', { key: null }],
  ['GET /.well-known/jwks.json', '/.well-known/jwks.json', { key: null }],
  ['POST /member/logout', '/member/logout', own],
]

function assertDocumented(route: string, { status, headers, body }: Reply): void {
  const { responses } = operation(route)
  const documented = responses[status] ?? responses[`${String(status)[0]}XX`]
  const [type = ''] = String(headers['content-type']).split(';')
  const schema = documented?.content?.[type]?.schema
  assert.ok(schema, `${route} documents ${status} as ${type}`)
  const errors = Compile(schema).Errors(body)[1]
  assert.deepEqual(errors, [], `${route}: ${JSON.stringify(body)}`)
}

for (const [route, path, options] of calls) {
  test(`${route} answers as documented: ${path.replace(id, ':id')}`, async () => {
    const reply = await call(app, route.split(' ')[0] as Method, path, options)
    assert.equal(reply.status, 200, JSON.stringify(reply.body))
    assertDocumented(route, reply)
  })
}

test('every route is documented, and none that is out of scope', () => {
  const routes = calls.map(([route]) => route)
  const others = [
    'POST /auth/passwordless/login',
    'POST /auth/reset-password',
    'POST /auth/verify-email',
    'POST /member/set-password',
    'DELETE /member',
  ]
  assert.deepEqual(documented.toSorted(), [...new Set([...routes, ...others])].toSorted())
  for (const { method, path } of outOfScope) assert.ok(!documented.includes(`${method} ${path}`))
})

const refused: [route: string, path: string, options: Call, status: number][] = [
  ['GET /members', '/members', { key: null }, 400],
  ['POST /members', '/members', { body: {} }, 400],
  ['POST /members/verify-token', '/members/verify-token', {}, 400],
  ['POST /auth/login', '/auth/login', { ...client, body: { email: ada.email, password: 'wrong' } }, 401],
  ['POST /member', '/member', client, 401],
]
test('refusals answer as documented', async () => {
  for (const [route, path, options, status] of refused) {
    const reply = await call(app, route.split(' ')[0] as Method, path, options)
    assert.equal(reply.status, status)
    assertDocumented(route, reply)
  }
  assert.ok(operation('DELETE /members/{id}').responses[502], 'Stripe may fail')
})

test('which keys a route takes', () => {
  const key = { apiKey: [] }
  const both = { apiKey: [], memberToken: [] }
  const securityOf = ({ method, path }: { method: string; path: string }) => {
    const [plain = ''] = path.split('?')
    return operation(`${method} ${plain.replace(plans.free.id, '{id}')}`).security
  }
  for (const route of memberRoutes) assert.deepEqual(securityOf(route), [both], route.path)
  const either = ['/member', '/member/logout', '/app-member']
  for (const route of openRoutes) {
    assert.deepEqual(securityOf(route), either.includes(route.path) ? [key, both] : [key], route.path)
  }
  for (const path of ['/members', '/members/{id}']) assert.deepEqual(securityOf({ method: 'GET', path }), [key])
  for (const path of ['/jwks', '/.well-known/jwks.json']) assert.deepEqual(securityOf({ method: 'GET', path }), [])
})

const queries: [route: string, names: string[]][] = [
  ['GET /members', ['after', 'order', 'limit', 'first', 'includeJSON']],
  ['GET /members/{id}', ['include']],
  ['DELETE /members/{id}', ['deleteStripeCustomer', 'cancelStripeSubscriptions']],
  ['POST /auth/signup', ['isPasswordless']],
  ['GET /app/plans', ['status']],
]
test('what a query may say, each explained', () => {
  for (const route of documented) {
    const found = (operation(route).parameters ?? []).filter(parameter => parameter.in === 'query')
    const [, names = []] = queries.find(([of]) => of === route) ?? []
    assert.deepEqual(
      found.map(({ name }) => name),
      names,
      route,
    )
    for (const { name, description } of found) assert.ok(description, `${route} ${name}`)
  }
})

const bodies: [route: string, fields: string[], required: string[]][] = [
  [
    'POST /members',
    ['email', 'password', 'plans', 'customFields', 'metaData', 'json', 'loginRedirect'],
    ['email', 'password'],
  ],
  [
    'PATCH /members/{id}',
    ['email', 'customFields', 'metaData', 'json', 'loginRedirect', 'verified', 'profileImage'],
    [],
  ],
  ['POST /members/{id}/add-plan', ['planId'], ['planId']],
  ['POST /members/verify-token', ['token'], ['token']],
  ['POST /auth/login', ['email', 'password'], ['email', 'password']],
  ['POST /auth/passwordless/login', ['email', 'passwordlessToken'], ['email', 'passwordlessToken']],
  ['POST /auth/reset-password', ['token', 'newPassword', 'email'], ['token', 'newPassword']],
  ['POST /member-auth', ['email', 'oldPassword', 'newPassword'], []],
  ['POST /member', ['customFields', 'metaData'], []],
  ['POST /member/json', ['json'], ['json']],
]
test('what a body may hold, and what it must', () => {
  for (const [route, fields, required] of bodies) {
    const schema = operation(route).requestBody?.content['application/json']?.schema
    assert.deepEqual(Object.keys(schema?.properties ?? {}), fields, route)
    assert.deepEqual(schema?.required ?? [], required, route)
  }
})

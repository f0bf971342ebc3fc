// The control API's doors: which token may do what, and what the others hear.

import assert from 'node:assert/strict'
import test from 'node:test'
import { ACME, assertProblem, OPERATOR_TOKEN, operatorOf } from './operator.ts'
import { MINUTE, startApp } from './support.ts'

type Scope = 'read' | 'write' | 'admin'

/** Every route, with the scope that it needs. */
const scopeOf: Record<string, Scope> = {
  'GET /events': 'read',
  'GET /keys': 'read',
  'GET /keys/{id}': 'read',
  'POST /keys/{id}/disable': 'write',
  'POST /keys/{id}/enable': 'admin',
  'DELETE /keys/{id}': 'write',
  'PUT /keys/{id}/holder': 'write',
  'POST /holders/{email}/offboard': 'admin',
  'POST /holders/{email}/restore': 'admin',
  'GET /mails': 'read',
  'GET /mails/{id}': 'admin',
  'POST /mails/{id}/resend': 'write',
  'POST /tokens': 'admin',
  'GET /aftership/organizations': 'read',
  'POST /aftership/organizations': 'write',
  'GET /aftership/organizations/{organization}': 'read',
  'PATCH /aftership/organizations/{organization}': 'write',
  'POST /aftership/organizations/{organization}/keys': 'admin',
  'GET /aftership/organizations/{organization}/roles': 'read',
  'POST /aftership/organizations/{organization}/roles': 'write',
  'PATCH /aftership/organizations/{organization}/roles/{code}': 'write',
  'DELETE /aftership/organizations/{organization}/roles/{code}': 'write',
  'GET /aftership/organizations/{organization}/memberships': 'read',
  'POST /aftership/organizations/{organization}/memberships': 'write',
  'GET /aftership/organizations/{organization}/memberships/{id}': 'read',
  'PATCH /aftership/organizations/{organization}/memberships/{id}': 'write',
  'DELETE /aftership/organizations/{organization}/memberships/{id}': 'write',
  'POST /aftership/organizations/{organization}/memberships/{id}/restore': 'write',
  'POST /aftership/organizations/{organization}/memberships/{id}/resend-invitation': 'write',
  'GET /aftership/organizations/{organization}/webhooks': 'read',
  'POST /aftership/organizations/{organization}/webhooks': 'write',
  'GET /aftership/organizations/{organization}/webhooks/{id}': 'read',
  'PATCH /aftership/organizations/{organization}/webhooks/{id}': 'write',
  'POST /aftership/organizations/{organization}/webhooks/{id}/disable': 'write',
  'DELETE /aftership/organizations/{organization}/webhooks/{id}': 'write',
  'GET /aftership/organizations/{organization}/deliveries': 'read',
  'GET /aftership/organizations/{organization}/deliveries/{id}': 'read',
  'GET /aftership/organizations/{organization}/deliveries/{id}/attempts': 'read',
  'POST /aftership/organizations/{organization}/deliveries/{id}/resend': 'write',
  'GET /aftership/organizations/{organization}/grants': 'read',
  'DELETE /aftership/organizations/{organization}/grants/{id}': 'write',
  'GET /aftership/accounts': 'read',
  'POST /aftership/accounts': 'write',
  'GET /aftership/accounts/{id}': 'read',
  'PATCH /aftership/accounts/{id}': 'write',
  'GET /aftership/apps': 'read',
  'POST /aftership/apps': 'admin',
  'GET /aftership/apps/{id}': 'read',
  'PATCH /aftership/apps/{id}': 'admin',
  'POST /aftership/apps/{id}/rotate-secret': 'admin',
  'DELETE /aftership/apps/{id}': 'admin',
  'GET /easypost/parents': 'read',
  'POST /easypost/parents': 'admin',
  'GET /easypost/parents/{parent}': 'read',
  'PATCH /easypost/parents/{parent}': 'write',
  'POST /easypost/parents/{parent}/keys': 'admin',
  'GET /easypost/parents/{parent}/children': 'read',
  'GET /easypost/parents/{parent}/children/{id}': 'read',
  'POST /easypost/parents/{parent}/children/{id}/restore': 'write',
  'GET /easypost/parents/{parent}/deliveries': 'read',
  'GET /easypost/parents/{parent}/deliveries/{id}': 'read',
  'GET /easypost/parents/{parent}/deliveries/{id}/attempts': 'read',
  'POST /easypost/parents/{parent}/deliveries/{id}/resend': 'write',
  'GET /memberstack/apps': 'read',
  'POST /memberstack/apps': 'write',
  'GET /memberstack/apps/{app}': 'read',
  'PATCH /memberstack/apps/{app}': 'write',
  'POST /memberstack/apps/{app}/keys': 'admin',
  'GET /memberstack/apps/{app}/stripe/{environment}': 'read',
  'PUT /memberstack/apps/{app}/stripe/{environment}': 'admin',
  'DELETE /memberstack/apps/{app}/stripe/{environment}': 'admin',
  'GET /memberstack/apps/{app}/plans': 'read',
  'POST /memberstack/apps/{app}/plans': 'write',
  'GET /memberstack/apps/{app}/plans/{id}': 'read',
  'PATCH /memberstack/apps/{app}/plans/{id}': 'write',
  'DELETE /memberstack/apps/{app}/plans/{id}': 'write',
  'GET /memberstack/apps/{app}/members': 'read',
  'GET /memberstack/apps/{app}/members/{id}': 'read',
  'PATCH /memberstack/apps/{app}/members/{id}': 'write',
  'POST /memberstack/apps/{app}/members/{id}/restore': 'write',
  'PUT /memberstack/apps/{app}/members/{id}/plans/{plan}': 'write',
  'DELETE /memberstack/apps/{app}/members/{id}/plans/{plan}': 'write',
  'GET /memberstack/apps/{app}/webhooks': 'read',
  'POST /memberstack/apps/{app}/webhooks': 'write',
  'GET /memberstack/apps/{app}/webhooks/{id}': 'read',
  'PATCH /memberstack/apps/{app}/webhooks/{id}': 'write',
  'POST /memberstack/apps/{app}/webhooks/{id}/disable': 'write',
  'DELETE /memberstack/apps/{app}/webhooks/{id}': 'write',
  'GET /memberstack/apps/{app}/deliveries': 'read',
  'GET /memberstack/apps/{app}/deliveries/{id}': 'read',
  'GET /memberstack/apps/{app}/deliveries/{id}/attempts': 'read',
  'POST /memberstack/apps/{app}/deliveries/{id}/resend': 'write',
  'POST /memberstack/signing-keys/rotate': 'admin',
}

const held: { scope: Scope; token: string; includes: Scope[] }[] = [
  { scope: 'read', token: 'ust_reader_token', includes: ['read'] },
  { scope: 'write', token: 'ust_writer_token', includes: ['read', 'write'] },
  { scope: 'admin', token: OPERATOR_TOKEN, includes: ['read', 'write', 'admin'] },
]

const app = await startApp(ACME)
const operator = operatorOf(app)

test('every route is listed here with the scope it needs', async () => {
  const reply = await app.request({ url: '/openapi/control.json' })
  const { paths } = reply.json<{ paths: Record<string, object> }>()
  const routes = Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map(method => `${method.toUpperCase()} ${path.replace('/understudy/v1', '')}`),
  )
  assert.deepEqual(routes.sort(), Object.keys(scopeOf).sort())
})

test('each scope opens its routes and no others; a refusal comes before the request is looked at', async () => {
  for (const { scope, token, includes } of held) {
    const client = operatorOf(app, token)
    for (const [route, needed] of Object.entries(scopeOf)) {
      const [method = '', path = ''] = route.split(' ')
      // Nothing and nobody is called that, and no body is sent: what is let in fails later, or reads a list.
      const answer = await client.call(method as 'GET', path.replaceAll(/\{\w+\}/g, 'no@body'))
      if (includes.includes(needed)) {
        assert.ok([200, 400, 404, 409, 422].includes(answer.status), `${scope} ${route}: ${answer.status}`)
      } else {
        assertProblem(answer, 403, 'forbidden')
        assert.match(String(answer.body.detail), new RegExp(`scope ${needed}.*${scope}`))
      }
    }
  }
  // The one route that changes something without being told what.
  await app.assertEvents('signing_key.rotated')
})

const noTokens: [name: string, authorization: string | undefined][] = [
  ['no token', undefined],
  ['an empty header', ''],
  ['a token that is none', 'Bearer ust_unknown_token'],
  ['another scheme', `Basic ${Buffer.from(`operator:${OPERATOR_TOKEN}`).toString('base64')}`],
  ['a token without its scheme', OPERATOR_TOKEN],
  ['a token in another case', `Bearer ${OPERATOR_TOKEN.toUpperCase()}`],
  ['two tokens', `Bearer ${OPERATOR_TOKEN} ${OPERATOR_TOKEN}`],
  ['a key of a vendor', 'Bearer as_plain_key'],
]
for (const [name, authorization] of noTokens) {
  test(`${name}: 401, on a path that is no route too`, async () => {
    const headers = authorization === undefined ? {} : { authorization }
    for (const path of ['/events', '/keys/none', '/nothing']) {
      const reply = await app.request({ url: `/understudy/v1${path}`, headers })
      const answer = { status: reply.statusCode, body: reply.json(), headers: reply.headers }
      assert.equal(assertProblem(answer, 401, 'unauthenticated'), undefined)
      assert.equal(reply.headers['www-authenticate'], 'Bearer realm="understudy"')
      assert.equal(reply.headers['cache-control'], 'no-store')
    }
  })
}

test('a control token opens nothing of a vendor', async () => {
  const reply = await app.request({ url: '/admin/2022-01/roles', headers: { 'as-api-key': OPERATOR_TOKEN } })
  assert.equal(reply.statusCode, 401)
})

test('the scheme is read in any case', async () => {
  const headers = { authorization: `bearer  ${OPERATOR_TOKEN}` }
  assert.equal((await app.request({ url: '/understudy/v1/events', headers })).statusCode, 200)
})

test('a made token works until it is disabled, again when enabled, and never once removed', async () => {
  await app.newEvents()
  const made = await operator.post<{ key: { id: string }; token: string }>('/tokens', {
    name: 'temporary',
    scope: 'read',
    holder: 'Jane@Acme.test',
  })
  assert.equal(made.status, 201)
  const { key, token } = made.body
  assert.match(token, /^ust_[\w-]{43}$/)
  const client = operatorOf(app, token)
  const status = async () => (await client.get('/events')).status

  assert.equal(await status(), 200)
  assert.equal((await operator.post(`/keys/${key.id}/disable`)).status, 200)
  assert.equal(await status(), 401)
  assert.equal((await operator.post(`/keys/${key.id}/enable`)).status, 200)
  assert.equal(await status(), 200)
  assert.equal((await operator.delete(`/keys/${key.id}`)).status, 204)
  assert.equal(await status(), 401)

  const events = await app.newEvents()
  assert.deepEqual(
    events.map(({ type, subject, vendor, tenant }) => [type, subject, vendor, tenant]),
    ['created', 'disabled', 'enabled', 'deleted'].map(what => [`credential.${what}`, key.id, 'understudy', '']),
  )
})

test('the actor of an event is the token that caused it, and its request is named', async () => {
  const { body } = await operator.get<{ data: { id: string; name: string }[] }>('/keys?vendor=understudy')
  const writer = body.data.find(({ name }) => name === 'writer')
  const answer = await operatorOf(app, 'ust_writer_token').post('/aftership/accounts', { email: 'who@acme.test' })
  const [event] = await app.newEvents()
  assert.equal(event?.actor, `token:${writer?.id}`)
  assert.equal(event?.requestId, answer.headers['x-request-id'])
})

test('when a token was last used can be seen, once a minute has passed at the latest', async () => {
  app.clock.advance(MINUTE)
  const now = new Date(app.clock.now()).toISOString()
  await operatorOf(app, 'ust_reader_token').get('/events')
  await app.app.runJobs()
  const { body } = await operator.get<{ data: { name: string; lastUsedAt: string | null }[] }>(
    '/keys?vendor=understudy',
  )
  assert.equal(body.data.find(({ name }) => name === 'reader')?.lastUsedAt, now)
})

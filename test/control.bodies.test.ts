// Bodies that the control API refuses: problem details that name each field, and nothing changed.

import assert from 'node:assert/strict'
import test from 'node:test'
import { ACME, assertProblem, OPERATOR_TOKEN, operatorOf } from './operator.ts'
import { startApp } from './support.ts'

const app = await startApp(ACME)
const operator = operatorOf(app)
const orgs = '/aftership/organizations'
const memberships = `${orgs}/org_acme/memberships`

const badBodies: {
  name: string
  method?: 'PATCH'
  path: string
  payload: string | object
  status: number
  errors?: string[]
}[] = [
  { name: 'no JSON', path: orgs, payload: '{', status: 400 },
  { name: 'nothing', path: orgs, payload: '', status: 400 },
  {
    name: 'no UTF-8',
    path: orgs,
    payload: Buffer.from([0x22, 0xff, 0x22]),
    status: 400,
  },
  { name: 'a list', path: orgs, payload: [], status: 422, errors: [''] },
  { name: 'nothing that is needed', path: orgs, payload: {}, status: 422, errors: ['name'] },
  { name: 'an unknown field', path: orgs, payload: { name: 'A', plan: 'x' }, status: 422, errors: ['plan'] },
  {
    name: 'an unknown field whose name may be a key: it is not repeated',
    path: orgs,
    payload: { name: 'A', sk_live_0123456789abcdef: 'x' },
    status: 422,
    errors: [''],
  },
  { name: 'a wrong type', path: orgs, payload: { name: 1 }, status: 422, errors: ['name'] },
  {
    name: 'a number as text',
    path: orgs,
    payload: { name: 'A', requestsPerSecond: '5' },
    status: 422,
    errors: ['requestsPerSecond'],
  },
  {
    name: 'a number that no store gives back as it is',
    path: orgs,
    payload: { name: 'A', seats: 2 ** 53 },
    status: 422,
    errors: ['seats'],
  },
  { name: 'a name of blanks', path: orgs, payload: { name: '  ' }, status: 422, errors: ['name'] },
  { name: 'an id with a slash', path: orgs, payload: { id: 'a/b', name: 'A' }, status: 422, errors: ['id'] },
  {
    name: 'several faults',
    path: orgs,
    payload: { id: '', requestsPerSecond: 0 },
    status: 422,
    errors: ['name', 'id', 'requestsPerSecond'],
  },
  { name: 'another id', method: 'PATCH', path: `${orgs}/org_acme`, payload: { id: 'x' }, status: 422, errors: ['id'] },
  {
    name: 'an email that is none',
    path: '/aftership/accounts',
    payload: { email: 'jane' },
    status: 422,
    errors: ['email'],
  },
  {
    name: 'a long email',
    path: '/aftership/accounts',
    payload: { email: `${'a'.repeat(251)}@b.c` },
    status: 422,
    errors: ['email'],
  },
  {
    name: 'an email to change',
    method: 'PATCH',
    path: '/aftership/accounts/acc_jane',
    payload: { verified: true, email: 'x@y.z' },
    status: 422,
    errors: ['email'],
  },
  {
    name: 'a pinned key',
    path: `${orgs}/org_acme/keys`,
    payload: { name: 'k', mode: 'api_key', key: 'as_mine' },
    status: 422,
    errors: ['key'],
  },
  {
    name: 'an end that is no time',
    path: `${orgs}/org_acme/keys`,
    payload: { name: 'k', mode: 'api_key', expiresAt: 'soon' },
    status: 422,
    errors: ['expiresAt'],
  },
  {
    name: 'a role without a name',
    path: `${orgs}/org_acme/roles`,
    payload: { code: 'x' },
    status: 422,
    errors: ['name'],
  },
  {
    name: 'a code to change',
    method: 'PATCH',
    path: `${orgs}/org_acme/roles/manager`,
    payload: { name: 'M', code: 'x' },
    status: 422,
    errors: ['code'],
  },
  {
    name: 'a role as on the wire',
    path: memberships,
    payload: { email: 'nina@acme.test', role: { code: 'member' } },
    status: 422,
    errors: ['role'],
  },
  {
    name: 'a short secret',
    path: `${orgs}/org_acme/webhooks`,
    payload: { url: 'https://a.test', secret: 'short' },
    status: 422,
    errors: ['secret'],
  },
  {
    name: 'a URL that is none',
    path: `${orgs}/org_acme/webhooks`,
    payload: { url: 'ftp://a.test', secret: 'long enough' },
    status: 422,
    errors: ['url'],
  },
  {
    name: 'no redirect URIs',
    path: '/aftership/apps',
    payload: { name: 'A', partner: true, redirectUris: [] },
    status: 422,
    errors: ['redirectUris'],
  },
  {
    name: 'a pinned token',
    path: '/tokens',
    payload: { name: 't', scope: 'read', token: 'ust_mine' },
    status: 422,
    errors: ['token'],
  },
  { name: 'a large body', path: orgs, payload: { name: 'x'.repeat(1024 * 1024) }, status: 413 },
]
const codes: Record<number, string> = { 400: 'malformed', 413: 'bodyTooLarge', 422: 'invalid' }

for (const { name, method = 'POST', path, payload, status, errors } of badBodies) {
  test(`a body with ${name} is refused: ${method} ${path}`, async () => {
    await app.newEvents()
    const headers = { authorization: `Bearer ${OPERATOR_TOKEN}` }
    const reply = await app.request({ method, url: `/understudy/v1${path}`, headers, payload })
    const answer = { status: reply.statusCode, body: reply.json(), headers: reply.headers }
    const found = assertProblem(answer, status, String(codes[status]))
    const paths = Array.isArray(found) ? found.map(issue => issue.path) : undefined
    assert.deepEqual(paths?.sort(), errors?.sort())
    assert.equal(reply.headers['x-request-id'], answer.body.requestId)
    await app.assertEvents()
  })
}

test('a scope that is none is named once', async () => {
  const errors = assertProblem(await operator.post('/tokens', { name: 't', scope: 'root' }), 422, 'invalid')
  assert.ok(Array.isArray(errors))
  assert.deepEqual(
    errors.map(issue => issue.path),
    ['scope'],
  )
})

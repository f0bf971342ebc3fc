// Every list of the control API, walked to its end while it grows; the event feed; the mail outbox.

import assert from 'node:assert/strict'
import test from 'node:test'
import { ACME, assertProblem, type Body, operatorOf, walk } from './operator.ts'
import { SECOND, startApp } from './support.ts'

const orgs = '/aftership/organizations'
const memberships = `${orgs}/org_acme/memberships`

async function start() {
  const app = await startApp(ACME)
  return { app, operator: operatorOf(app) }
}

const { app, operator } = await start()

/** How each list grows by one; every third item comes a second later, the others at the same moment. */
let made = 0
async function grow(path: string, body: (name: string) => object): Promise<void> {
  made++
  if (made % 3 === 0) app.clock.advance(SECOND)
  const { status } = await operator.post(path, body(`n${made}`))
  assert.equal(status, 201, path)
}

const growAccounts = () => grow('/aftership/accounts', name => ({ email: `${name}@acme.test` }))

async function growMemberships(): Promise<void> {
  await growAccounts()
  await grow(memberships, () => ({ email: `n${made - 1}@acme.test`, role: 'member' }))
}

const lists: { path: string; id?: string; grow: () => Promise<void>; newestFirst?: true }[] = [
  { path: '/events', id: 'sequence', grow: growAccounts },
  { path: '/events?type=account.created&vendor=aftership', id: 'sequence', grow: growAccounts },
  { path: '/keys', grow: () => grow('/tokens', name => ({ name, scope: 'read' })) },
  {
    path: '/keys?vendor=aftership&tenant=org_acme',
    grow: () => grow(`${orgs}/org_acme/keys`, name => ({ name, mode: 'api_key' })),
  },
  { path: '/mails', grow: growMemberships, newestFirst: true },
  { path: orgs, grow: () => grow(orgs, name => ({ name })) },
  { path: memberships, grow: growMemberships },
  { path: `${memberships}?status=pending`, grow: growMemberships },
  { path: '/aftership/accounts', grow: growAccounts },
  {
    path: '/aftership/apps',
    grow: () =>
      grow('/aftership/apps', name => ({ name, partner: false, redirectUris: ['https://app.test/callback'] })),
  },
  { path: '/memberstack/apps', grow: () => grow('/memberstack/apps', name => ({ name })) },
]

for (const { path, id = 'id', grow, newestFirst } of lists) {
  test(`${path}: every item comes once, though more are added on the way`, async () => {
    for (let count = 0; count < 7; count++) await grow()
    const idOf = (item: Body) => item[id]
    const before = (await walk(operator, path, 200)).map(idOf)
    assert.ok(before.length >= 7)

    const walked = (await walk(operator, path, 2, async page => (page < 3 ? grow() : undefined))).map(idOf)
    assert.equal(new Set(walked).size, walked.length, 'none twice')
    assert.deepEqual(
      walked.filter(item => before.includes(item)),
      before,
      'all that were there, in the same order',
    )
    if (newestFirst) assert.deepEqual(walked, before, 'newer ones come before the first page')
    assert.deepEqual((await walk(operator, path, 1)).map(idOf), (await walk(operator, path, 200)).map(idOf))
  })

  test(`${path}: a cursor or limit that is none is refused`, async () => {
    const and = path.includes('?') ? '&' : '?'
    const wrong = ['after=', 'after=nonsense', 'after=%F0%9F%94%91', `after=${'1'.repeat(501)}`, 'after=1&after=2']
    for (const query of [...wrong, 'limit=0', 'limit=-1', 'limit=many', 'limit=', 'limit=1.5', 'limit=1&limit=2']) {
      const errors = assertProblem(await operator.get(`${path}${and}${query}`), 422, 'invalid')
      assert.ok(Array.isArray(errors), query)
      assert.equal(errors[0].path, query.split('=', 1)[0])
    }
  })
}

test('a page has 50 items unless told otherwise, and never more than 200', async () => {
  for (let count = 0; count < 201; count++) await growAccounts()
  for (const [query, length] of [
    ['', 50],
    ['?limit=200', 200],
    ['?limit=999999999', 200],
  ] as const) {
    const { body } = await operator.get<{ data: Body[]; next: string }>(`/aftership/accounts${query}`)
    assert.equal(body.data.length, length)
    assert.equal(typeof body.next, 'string')
  }
})

test('the feed: oldest first, resumed at an event, filtered by tenant, type, subject and vendor', async () => {
  const { operator } = await start()
  const all = await walk<Body & { sequence: number }>(operator, '/events', 200)
  assert.deepEqual(
    all.map(({ sequence }) => sequence),
    all.map((_, index) => index + 1),
  )
  const created = all.find(({ subject }) => subject === 'm_jane')
  assert.deepEqual(created, {
    sequence: created?.sequence,
    id: created?.id,
    vendor: 'aftership',
    tenant: 'org_acme',
    type: 'membership.created',
    subject: 'm_jane',
    actor: 'cli:seed',
    requestId: null,
    data: {
      membership: {
        id: 'm_jane',
        organization: { id: 'org_acme' },
        account: { id: 'acc_jane', email: 'jane@acme.test' },
        role: { code: 'member', name: 'Member' },
      },
    },
    createdAt: '2026-03-04T09:30:00.000Z',
  })
  assert.match(String(created?.id), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)

  const rest = await walk(operator, `/events?after=${all[3]?.sequence}`, 200)
  assert.deepEqual(rest, all.slice(4))
  const filters: [query: string, fits: (event: Body) => boolean][] = [
    ['tenant=org_acme', event => event.tenant === 'org_acme'],
    ['tenant=', event => event.tenant === ''],
    ['type=membership.created', event => event.type === 'membership.created'],
    ['subject=m_jane', event => event.subject === 'm_jane'],
    ['vendor=understudy', event => event.vendor === 'understudy'],
    ['tenant=org_acme&type=role.created', event => event.tenant === 'org_acme' && event.type === 'role.created'],
  ]
  for (const [query, fits] of filters) {
    const expected = all.filter(fits)
    assert.ok(expected.length > 0, query)
    assert.deepEqual(await walk(operator, `/events?${query}`, 2), expected, query)
  }
  assert.deepEqual(await walk(operator, '/events?type=nothing.happened', 200), [])
})

test('mails are listed without their texts; a text needs the scope admin', async () => {
  const { app, operator } = await start()
  await operator.post(memberships, { email: 'nina@acme.test', role: 'member' })
  await app.newEvents()
  const [mail, ...more] = await walk(operator, '/mails?to=nina@acme.test', 200)
  assert.ok(mail)
  assert.deepEqual(more, [])
  assert.deepEqual(mail, {
    id: mail.id,
    vendor: 'aftership',
    tenant: 'org_acme',
    to: 'nina@acme.test',
    subject: 'Confirm that you join Acme',
    status: 'held',
    attempts: 0,
    lastError: null,
    createdAt: '2026-03-04T09:30:00.000Z',
    sentAt: null,
  })
  assert.deepEqual(await walk(operator, '/mails?to=jane@acme.test', 200), [])

  const path = `/mails/${mail.id}`
  const { status, body } = await operator.get(path)
  assert.equal(status, 200)
  const { text, ...rest } = body
  assert.deepEqual(rest, mail)
  assert.match(String(text), /\/invitations\/aftership\/[\w-]{43}\n/)
  for (const token of ['ust_reader_token', 'ust_writer_token']) {
    assertProblem(await operatorOf(app, token).get(path), 403, 'forbidden')
  }
  assertProblem(await operator.post(`${path}/resend`), 409, 'conflict')
  assertProblem(await operator.get('/mails/none'), 404, 'notFound')
  await app.assertEvents()
})

test('a mail is found by its recipient in any case', async () => {
  const { operator } = await start()
  await operator.post(memberships, { email: 'nina@acme.test', role: 'member' })
  assert.equal((await walk(operator, '/mails?to=Nina@ACME.test', 200)).length, 1)
})

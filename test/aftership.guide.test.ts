// The AfterShip guide as it is written: each request example run by curl with only host and key replaced, each response
// example found in the answer, and the three scenarios step by step.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { startApp, type TestApp } from './support.ts'

const KEY = 'as_guide_key'
const VENDOR = 'https://api.aftership.com'
const run = promisify(execFile)

interface Answer {
  status: number
  body: unknown
}

/** Runs the guide's line in a shell; `host` and the key are all that is replaced. */
async function curl(host: string, line: string): Promise<Answer> {
  const command = line.replaceAll(VENDOR, host).replaceAll('YOUR_API_KEY', KEY)
  assert.notEqual(command, line)
  // No environment: a proxy set there would get the request.
  const { stdout } = await run('sh', ['-c', `${command} --silent --show-error --write-out '\\n%{http_code}'`], {
    env: { PATH: process.env.PATH },
  })
  const end = stdout.lastIndexOf('\n')
  return { status: Number(stdout.slice(end + 1)), body: JSON.parse(stdout.slice(0, end)) }
}

/** Every member that `example` has is in `actual`, at the same place and with the same value; lists are as long. */
function assertHolds(actual: unknown, example: unknown, path = 'body'): void {
  if (Array.isArray(example)) {
    assert.ok(Array.isArray(actual), path)
    assert.equal(actual.length, example.length, path)
    for (const [index, item] of example.entries()) assertHolds(actual[index], item, `${path}[${index}]`)
  } else if (typeof example === 'object' && example !== null) {
    assert.ok(typeof actual === 'object' && actual !== null && !Array.isArray(actual), path)
    const found = new Map(Object.entries(actual))
    for (const [name, value] of Object.entries(example)) assertHolds(found.get(name), value, `${path}.${name}`)
  } else {
    assert.equal(actual, example, path)
  }
}

/** An organization with one key and these members; the registry holds the guide's people. */
function seedOf(memberships: object[], accounts: object[] = []): string {
  const registered = [
    { id: 'acc_0', email: 'owner@example.com' },
    ...accounts,
    { id: 'acc_9', email: 'unverified@example.com', verified: false },
  ]
  const organization = {
    id: 'org_1',
    name: 'Example',
    keys: [{ name: 'guide', mode: 'api_key', key: KEY }],
    memberships,
  }
  return JSON.stringify({ aftership: { accounts: registered, organizations: [organization] } })
}

const member = [{ id: 'mem_123', email: 'user@example.com', role: 'member' }]
const asFirst = [{ id: 'acc_1', email: 'user@example.com' }]
const asSecond = [{ id: 'acc_2', email: 'user@example.com' }]

interface Example {
  name: string
  seed: string
  request: string
  response: object
  events: string[]
  mails: number
}

const examples: Example[] = [
  {
    name: 'List memberships',
    seed: seedOf(member, asFirst),
    request: String.raw`curl -X GET https://api.aftership.com/admin/2022-01/memberships \
-H 'as-api-key: YOUR_API_KEY' \
-H 'Content-Type: application/json'`,
    response: {
      meta: { code: 200 },
      data: {
        memberships: [{ id: 'mem_123', account: { id: 'acc_1', email: 'user@example.com' }, role: { code: 'member' } }],
        pagination: { page: 1, limit: 100, total: 1 },
      },
    },
    events: [],
    mails: 0,
  },
  {
    name: 'Get membership by ID',
    seed: seedOf(member, asFirst),
    request: String.raw`curl -X GET https://api.aftership.com/admin/2022-01/memberships/mem_123 \
-H 'as-api-key: YOUR_API_KEY'`,
    response: {
      meta: { code: 200 },
      data: {
        membership: {
          id: 'mem_123',
          account: { id: 'acc_1', email: 'user@example.com' },
          role: { code: 'member' },
        },
      },
    },
    events: [],
    mails: 0,
  },
  {
    name: 'Update membership by ID',
    seed: seedOf(member, asFirst),
    request: String.raw`curl -X PATCH https://api.aftership.com/admin/2022-01/memberships/mem_123 \
-H 'as-api-key: YOUR_API_KEY' \
-H 'Content-Type: application/json' \
-d '{"role": {"code": "admin"}}'`,
    response: { meta: { code: 200 }, data: { membership: { id: 'mem_123', role: { code: 'admin' } } } },
    events: ['membership.updated'],
    mails: 0,
  },
  {
    name: 'Delete membership by ID',
    seed: seedOf(member, asFirst),
    request: String.raw`curl -X DELETE https://api.aftership.com/admin/2022-01/memberships/mem_123 \
-H 'as-api-key: YOUR_API_KEY'`,
    response: { meta: { code: 200 }, data: {} },
    events: ['membership.deleted'],
    mails: 0,
  },
  {
    name: 'Get roles',
    seed: seedOf(member, asFirst),
    request: String.raw`curl -X GET https://api.aftership.com/admin/2022-01/roles \
-H 'as-api-key: YOUR_API_KEY'`,
    response: { meta: { code: 200 }, data: { roles: [{ code: 'owner' }, { code: 'admin' }, { code: 'member' }] } },
    events: [],
    mails: 0,
  },
]

const CREATE = String.raw`curl -X POST https://api.aftership.com/admin/2022-01/memberships \
-H 'as-api-key: YOUR_API_KEY' \
-H 'Content-Type: application/json' \
-d '{"account": {"email": "user@example.com"}, "role": {"code": "member"}}'`

describe('examples', () => {
  for (const { name, seed, request, response, events, mails } of examples) {
    test(name, async () => {
      const app = await startApp(seed)
      const answer = await curl(await app.app.listen(), request)
      assertHolds(answer.body, response)
      assert.equal(answer.status, 200)
      await app.assertEvents(...events)
      assert.equal((await app.mailsTo('user@example.com')).length, mails)
    })
  }

  test('Create membership (invite member)', async () => {
    const app = await startApp(seedOf([], asSecond))
    const { status, body } = await curl(await app.app.listen(), CREATE)
    const { data } = body as { data: { membership: { id: string } } }
    const { id } = data.membership
    assert.match(id, /^[0-9a-f]{32}$/)
    assertHolds(body, {
      meta: { code: 201 },
      data: { membership: { id, account: { id: 'acc_2', email: 'user@example.com' }, role: { code: 'member' } } },
    })
    assert.equal(status, 201)
    await app.assertEvents('membership.created')
    assert.equal((await app.mailsTo('user@example.com')).length, 1)
  })
})

/** A step of a scenario, by fetch: the guide names method, URL and body only. */
function stepper(host: string) {
  return async (method: string, url: string, body?: object): Promise<Answer> => {
    const reply = await fetch(url.replace(VENDOR, host), {
      method,
      headers: { 'as-api-key': KEY, 'Content-Type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
    return { status: reply.status, body: await reply.json() }
  }
}

const MEMBERSHIPS = `${VENDOR}/admin/2022-01/memberships`

interface List {
  data: { memberships: { id: string; account: { email: string } }[]; pagination: { total: number } }
}

/** Finds a member as the guide says: lists, and looks through the pages. */
async function findByEmail(step: ReturnType<typeof stepper>, email: string): Promise<string | undefined> {
  for (let page = 1; ; page++) {
    const { status, body } = await step('GET', `${MEMBERSHIPS}?page=${page}&limit=1`)
    assert.equal(status, 200)
    const { memberships, pagination } = (body as List).data
    const found = memberships.find(({ account }) => account.email === email)
    if (found || page >= pagination.total) return found?.id
  }
}

async function linkIn(app: TestApp, to: string): Promise<string> {
  const mails = await app.mailsTo(to)
  assert.equal(mails.length, 1)
  const [link] = /http:\/\/\S+\/invitations\/aftership\/\S+/.exec(mails[0]?.text ?? '') ?? []
  assert.ok(link)
  return link
}

const owner = { id: 'mem_0', email: 'owner@example.com', role: 'owner' }

describe('scenarios', () => {
  test('provision a new team member', async () => {
    const app = await startApp(seedOf([owner], asSecond))
    const step = stepper(await app.app.listen())

    const roles = await step('GET', `${VENDOR}/admin/2022-01/roles`)
    assert.equal(roles.status, 200)
    const { data } = roles.body as { data: { roles: { code: string }[] } }
    assert.ok(data.roles.some(({ code }) => code === 'member'))

    const input = { account: { email: 'user@example.com' }, role: { code: 'member' } }
    const created = await step('POST', MEMBERSHIPS, input)
    assert.equal(created.status, 201)
    await app.assertEvents('membership.created')

    const link = await linkIn(app, 'user@example.com')
    for (const _scan of [1, 2]) assert.equal((await fetch(link)).status, 200)
    await app.assertEvents()
    assert.equal((await fetch(link, { method: 'POST' })).status, 200)
    await app.assertEvents('membership.activated')
    assert.equal((await fetch(link, { method: 'POST' })).status, 410)
    assert.equal((await fetch(link)).status, 410)
    await app.assertEvents()
    assert.equal((await app.mailsTo('user@example.com')).length, 1)
    assert.ok(await findByEmail(step, 'user@example.com'))
  })

  test('watch out: an email that is not registered, or not verified, fails', async () => {
    const app = await startApp(seedOf([owner]))
    const step = stepper(await app.app.listen())
    for (const [email, code] of [
      ['user@example.com', 10001],
      ['unverified@example.com', 10004],
    ] as const) {
      const { status, body } = await step('POST', MEMBERSHIPS, { account: { email }, role: { code: 'member' } })
      assert.equal(status, 422)
      assertHolds(body, { meta: { code }, data: {} })
      assert.deepEqual(await app.mailsTo(email), [])
    }
    await app.assertEvents()
  })

  test("update a member's role", async () => {
    const app = await startApp(seedOf([owner, ...member], asFirst))
    const step = stepper(await app.app.listen())
    const id = await findByEmail(step, 'user@example.com')
    assert.equal(id, 'mem_123')

    const unknown = await step('PATCH', `${MEMBERSHIPS}/${id}`, { role: { code: 'dock_lead' } })
    assert.equal(unknown.status, 422)
    assertHolds(unknown.body, { meta: { code: 10002 } })
    await app.assertEvents()

    const updated = await step('PATCH', `${MEMBERSHIPS}/${id}`, { role: { code: 'admin' } })
    assert.equal(updated.status, 200)
    assertHolds(updated.body, { meta: { code: 200 }, data: { membership: { id: 'mem_123', role: { code: 'admin' } } } })
    await app.assertEvents('membership.updated')
    const read = await step('GET', `${MEMBERSHIPS}/${id}`)
    assertHolds(read.body, { data: { membership: { role: { code: 'admin' } } } })
    assert.deepEqual(await app.mailsTo('user@example.com'), [])
  })

  test('deprovision (remove) a member', async () => {
    const app = await startApp(seedOf([owner, ...member], asFirst))
    const step = stepper(await app.app.listen())
    const id = await findByEmail(step, 'user@example.com')
    const removed = await step('DELETE', `${MEMBERSHIPS}/${id}`)
    assert.equal(removed.status, 200)
    assert.deepEqual((removed.body as { data: unknown }).data, {})
    await app.assertEvents('membership.deleted')

    assert.equal(await findByEmail(step, 'user@example.com'), undefined)
    assert.equal((await step('GET', `${MEMBERSHIPS}/${id}`)).status, 404)
    assert.equal((await step('DELETE', `${MEMBERSHIPS}/mem_0`)).status, 403)
    // The account is still registered: it can be invited again.
    const input = { account: { email: 'user@example.com' }, role: { code: 'member' } }
    assert.equal((await step('POST', MEMBERSHIPS, input)).status, 201)
    await app.assertEvents('membership.created')
  })
})

// The Memberstack guide "Admin Package (REST)" as it is written: each of its curl requests with only host and key
// replaced, each response example found in the answer. The store holds what the examples speak of.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { assertHolds } from './examples.ts'
import {
  ID,
  LIST_PUBLIC,
  LIST_SECRET,
  NOW,
  PUBLIC,
  retrieved,
  SECRET,
  startGuide,
  verified,
} from './memberstack.guide.ts'
import { assertEnvelope, type Json, login, PASSWORD } from './memberstack.support.ts'
import { openClient, type SocketReply } from './socket.ts'

/** Sends a curl command of the guide, a backslash at the end of each line or not. */
async function curl(origin: string, command: string, key = SECRET): Promise<SocketReply & { body: Json }> {
  const method = /--request (\w+)/.exec(command)?.[1]
  const path = /'https:\/\/admin\.memberstack\.com([^']*)'/.exec(command)?.[1]
  assert.ok(method && path)
  const headers = [...command.matchAll(/--header '([^:]+): ([^']*)'/g)].flatMap(([, name = '', value = '']) => [
    name,
    value.replace('sk_sb_...', key),
  ])
  const data = /--data-raw '([^']*)'/.exec(command)?.[1]
  const reply = await openClient(origin)({ method, path, headers, ...(data === undefined ? {} : { body: data }) })
  const body = reply.text === 'OK' ? reply.text : JSON.parse(reply.text)
  assertEnvelope({ ...reply, body })
  return { ...reply, body }
}

const connection = { id: 'con_...', status: 'ACTIVE', planId: 'pln_...', type: 'FREE', payment: null }

const listed = {
  totalCount: 2,
  hasMore: false,
  hasNextPage: false,
  data: [
    {
      id: 'mem_...',
      createdAt: NOW,
      lastLogin: NOW,
      auth: { email: 'john@doe.com' },
      customFields: { country: 'Germany' },
      metaData: { avatar: 'photo.png' },
      loginRedirect: '/john-welcome',
      permissions: ['view:basic:workouts'],
      planConnections: [connection],
    },
    {
      id: 'mem...',
      createdAt: NOW,
      lastLogin: NOW,
      auth: { email: 'jane@doe.com' },
      customFields: { country: 'USA' },
      metaData: { avatar: 'photo2.png' },
      loginRedirect: '/jane-welcome',
      permissions: ['view:all:workouts'],
      planConnections: [connection],
    },
  ],
}

const GET_MEMBER = `curl --location --request GET 'https://admin.memberstack.com/members/${ID}' \\
--header 'x-api-key: sk_sb_...'`

/** The guide's curl lines; those of the update come below, as they are no JSON. */
const requests: { name: string; command: string; key?: string; body: Json; events: string[] }[] = [
  {
    name: 'List all members',
    key: LIST_SECRET,
    command: `
curl --location --request GET 'https://admin.memberstack.com/members' \\
--header 'x-api-key: sk_sb_...'`,
    body: listed,
    events: [],
  },
  { name: 'Retrieve a member with ID', command: GET_MEMBER, body: { data: retrieved }, events: [] },
  {
    name: 'Retrieve a member with email',
    command: `
curl --location --request GET 'https://admin.memberstack.com/members/example%40test.com' \\
--header 'x-api-key: sk_sb_...'`,
    body: { data: { id: 'mem_sb_cl3ddkq070005n', auth: { email: 'example@test.com' } } },
    events: [],
  },
  {
    name: 'Create a member',
    command: `
curl --location --request POST 'https://admin.memberstack.com/members' \\
--header 'x-api-key: sk_sb_...'
--header 'Content-Type: application/json' \\
--data-raw '{
  "email": "john2@doe.com",
  "password": "123123123",
  "plans": [
     {
       "planId": "pln_abc123"
     }
  ],
  "customFields": {
    "country": "Sweden"
  },
  "metaData": {
    "language": "Swedish"
  },
  "json": {
		"counter": 5
	},
  "loginRedirect": "/welcome"
}'`,
    body: {
      data: {
        id: 'mem_sb_...',
        auth: { email: 'john2@doe.com' },
        createdAt: NOW,
        metaData: { language: 'Swedish' },
        json: { counter: 5 },
        customFields: { country: 'Sweden' },
        permissions: ['per_basic'],
        loginRedirect: '/welcome',
        planConnections: [{ ...connection, planId: 'pln_abc123', active: true, planName: 'Abc 123' }],
      },
    },
    events: ['member.created', 'member.plan.added'],
  },
  {
    name: 'Delete a member',
    command: `
curl --location --request DELETE 'https://admin.memberstack.com/members/mem_sb_cl3ddkq070005njvl997d9mf8' \\
--header 'x-api-key: sk_sb_...'`,
    body: { data: { id: 'mem_...' } },
    events: ['member.deleted'],
  },
  {
    name: 'Add a free plan to a member',
    command: `
curl --location --request POST 'https://admin.memberstack.com/members/mem_sb_cl3ddkq070005n/add-plan' \\
--header 'x-api-key: sk_sb_...'
--header 'Content-Type: application/json' \\
--data-raw '{
  "planId": "pln_abc"
}'`,
    body: 'OK',
    events: ['member.plan.added'],
  },
]

describe('curl', () => {
  for (const { name, command, key = SECRET, body, events } of requests) {
    test(name, async () => {
      const { app, origin } = await startGuide()
      await login(app, 'user-1652986650386@test.com', PASSWORD, { key: PUBLIC })
      for (const email of ['john@doe.com', 'jane@doe.com']) await login(app, email, PASSWORD, { key: LIST_PUBLIC })
      await app.newEvents()
      const reply = await curl(origin, command, key)
      assert.equal(reply.status, 200, reply.text)
      assertHolds(reply.body, body)
      await app.assertEvents(...events)
    })
  }

  test('List all members: endCursor is a number, which `after` takes', async () => {
    const { origin } = await startGuide()
    const { body } = await curl(origin, requests[0]?.command ?? '', LIST_SECRET)
    assert.ok(Number.isInteger(body.endCursor) && body.endCursor >= 1)
    const next = `curl --request GET 'https://admin.memberstack.com/members?after=${body.endCursor}&order=ASC&limit=50'
--header 'x-api-key: sk_sb_...'`
    const rest = await curl(origin, next, LIST_SECRET)
    assert.deepEqual(rest.body, { ...body, data: [] })
  })

  test('Update a member, its body repaired', async () => {
    const { app, origin } = await startGuide()
    const { body } = await curl(
      origin,
      `
curl --location --request PATCH 'https://admin.memberstack.com/members/${ID}' \\
--header 'x-api-key: sk_sb_...'
--header 'Content-Type: application/json' \\
--data-raw '{
  "customFields": {
    "country": "Sweden"
  },
  "email": "updated-email@test.com",
  "metaData": {
    "language": "Swedish"
  },
	"json": {
		"friends": ["mem_123...", "mem_456..."]
	}
}'`,
    )
    assertHolds(body, {
      data: {
        ...retrieved,
        lastLogin: null,
        auth: { email: 'updated-email@test.com' },
        json: { friends: ['mem_123...', 'mem_456...'] },
      },
    })
    await app.assertEvents('member.updated')
  })

  test('Update a member, its body as printed: no JSON, so nothing is changed', async () => {
    const { app, origin } = await startGuide()
    const reply = await curl(
      origin,
      `
curl --location --request PATCH 'https://admin.memberstack.com/members/${ID}' \\
--header 'x-api-key: sk_sb_...'
--header 'Content-Type: application/json' \\
--data-raw '{
  "customFields": {
    country: "Sweden"
  },
  "email": "updated-email@test.com"
  "metaData": {
    "language": "Swedish"
  },
	json: {
		friends: ["mem_123...", "mem_456..."]
	},
}'`,
    )
    assert.equal(reply.status, 400)
    assert.deepEqual(reply.body, {
      code: 'validation/invalid-json',
      message: 'The request body is not valid JSON.',
    })
    await app.assertEvents()
  })

  test('Remove a free plan from a member', async () => {
    const { app, origin } = await startGuide()
    const commandOf = (verb: string) => `
curl --location --request POST 'https://admin.memberstack.com/members/mem_sb_cl3ddkq070005n/${verb}' \\
--header 'x-api-key: sk_sb_...'
--header 'Content-Type: application/json' \\
--data-raw '{
  "planId": "pln_abc"
}'`
    for (const verb of ['add-plan', 'remove-plan']) assert.equal((await curl(origin, commandOf(verb))).status, 200)
    await app.assertEvents('member.plan.added', 'member.plan.canceled')
  })

  test('Verify member token', async () => {
    const { app, origin } = await startGuide('2023-04-13T19:41:16.000Z')
    const { tokens } = await login(app, 'token@test.com', PASSWORD, { key: PUBLIC })
    await app.newEvents()
    const reply = await curl(
      origin,
      `
curl --location --request POST 'https://admin.memberstack.com/members/verify-token' \\
--header 'x-api-key: sk_sb_...' \\
--header 'Content-Type: application/json' \\
--data-raw '{"token": "${tokens.accessToken}"}'`,
    )
    assert.deepEqual([reply.status, reply.body], [200, { data: verified }])
    await app.assertEvents()
  })

  test('the key’s header in any case', async () => {
    const { origin } = await startGuide()
    for (const name of ['x-api-key', 'X-API-KEY', 'X-Api-Key']) {
      const reply = await curl(origin, GET_MEMBER.replace('x-api-key', name))
      assert.equal(reply.body.data.id, ID)
    }
  })
})

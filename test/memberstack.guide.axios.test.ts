// The guide's axios samples, sent by axios itself, those corrected that no server can honour (contract section 18).

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { assertHolds } from './examples.ts'
import { ID, LIST_SECRET, PUBLIC, retrieved, SECRET, startGuide, verified } from './memberstack.guide.ts'
import { type Json, login, PASSWORD } from './memberstack.support.ts'
import type { TestApp } from './support.ts'

interface Axios {
  get(url: string, config: object): Promise<AxiosReply>
  post(url: string, data: object, config: object): Promise<AxiosReply>
  delete(url: string, ...rest: object[]): Promise<AxiosReply>
}
interface AxiosReply {
  status: number
  data: Json
}

/** The one that the vendor's own package brings along. */
const axios: Axios = createRequire(createRequire(import.meta.url).resolve('@memberstack/admin'))('axios')

const headers = { 'X-API-KEY': SECRET }

async function start(now?: string): Promise<{ app: TestApp; BASE_URL: string }> {
  const { app, origin } = await startGuide(now)
  return { app, BASE_URL: `${origin}/members` }
}

test('List all members', async () => {
  const { BASE_URL } = await start()
  const { data } = await axios.get(BASE_URL, { headers: { 'X-API-KEY': LIST_SECRET } })
  assert.deepEqual([data.totalCount, data.hasMore, data.data.length], [2, false, 2])
})

test('Retrieve a member with ID and with email', async () => {
  const { BASE_URL } = await start()
  const byId = await axios.get(`${BASE_URL}/mem_sb_cl3ddkq070005njvl997d9mf8`, { headers })
  assertHolds(byId.data.data, { ...retrieved, lastLogin: null })
  const byEmail = await axios.get(`${BASE_URL}/example%40test.com`, { headers })
  assert.equal(byEmail.data.data.auth.email, 'example@test.com')
})

test('Create a member', async () => {
  const { app, BASE_URL } = await start()
  const data = {
    email: 'john2@doe.com',
    password: '123123123',
    plans: [{ planId: 'pln_abc123' }],
    customFields: { country: 'Sweden' },
    json: { friends: ['mem_123...', 'mem_456...'] },
    metaData: { language: 'Swedish' },
    loginRedirect: '/welcome',
  }
  const reply = await axios.post(BASE_URL, data, { headers })
  const { email, password: _, plans: __, ...shown } = data
  assertHolds(reply.data, { data: { ...shown, auth: { email }, permissions: ['per_basic'] } })
  await app.assertEvents('member.created', 'member.plan.added')
})

test('Update a member: by POST, to its own path', async () => {
  const { app, BASE_URL } = await start()
  const data = {
    customFields: { country: 'Norway' },
    metaData: { language: 'Norwegian' },
    json: { friends: ['mem_123...', 'mem_456...'] },
  }
  const reply = await axios.post(`${BASE_URL}/${ID}`, data, { headers })
  assertHolds(reply.data, { data: { ...retrieved, lastLogin: null, ...data } })
  await app.assertEvents('member.updated')
})

const flags = { deleteStripeCustomer: true, cancelStripeSubscriptions: true }

test('Delete a member: the flags as data of the request', async () => {
  const { app, BASE_URL } = await start()
  const reply = await axios.delete(`${BASE_URL}/${ID}`, { data: flags, headers })
  assert.deepEqual(reply.data, { data: { id: ID } })
  const [deleted, ...more] = await app.newEvents()
  assert.deepEqual([deleted?.type, more], ['member.deleted', []])
  assertHolds(deleted?.data.stripe, flags)
})

test('Delete a member as printed: it sends no key, and so deletes nobody', async () => {
  const { app, BASE_URL } = await start()
  await assert.rejects(
    axios.delete(`${BASE_URL}/${ID}`, flags, { headers }),
    ({ response }: { response: AxiosReply }) => {
      assert.deepEqual([response.status, response.data.code], [400, 'validation/invalid-secret-key'])
      return true
    },
  )
  await app.assertEvents()
})

test('Add a free plan to a member, and remove it', async () => {
  const { app, BASE_URL } = await start()
  const data = { planId: 'pln_abc' }
  for (const verb of ['add-plan', 'remove-plan']) {
    const reply = await axios.post(`${BASE_URL}/mem_sb_cl3ddkq070005n/${verb}`, data, { headers })
    assert.deepEqual([reply.status, reply.data], [200, 'OK'])
  }
  await app.assertEvents('member.plan.added', 'member.plan.canceled')
})

test('Verify member token', async () => {
  const { app, BASE_URL } = await start('2023-04-13T19:41:16.000Z')
  const { tokens } = await login(app, 'token@test.com', PASSWORD, { key: PUBLIC })
  const typed = { ...headers, 'Content-Type': 'application/json' }
  const reply = await axios.post(`${BASE_URL}/verify-token`, { token: tokens.accessToken }, { headers: typed })
  assert.deepEqual(reply.data, { data: verified })
})

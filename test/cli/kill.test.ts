// kill -9 in the middle of a stream of creates: nothing acknowledged is lost, nothing is half there.

import assert from 'node:assert/strict'
import { Agent, request } from 'node:http'
import test from 'node:test'
import { openContext } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import * as blocks from '../../src/vendors/aftership/membership-blocks.store.ts'
import * as memberships from '../../src/vendors/aftership/memberships.store.ts'
import { fileWith, type ServerProcess, serve, temporaryDirectory } from '../process.ts'

const KILLS = 3
const CREATES_BEFORE_KILL = 60
const AT_ONCE = 8
const ORGANIZATION = 'org_acme'
const KEY = 'as_plain_key_for_acme'

const people = Array.from({ length: KILLS * 2 * CREATES_BEFORE_KILL }, (_, index) => `person${index}@acme.test`)
const seed = fileWith(
  'seed.yaml',
  `
aftership:
  accounts:
${people.map(email => `    - { email: ${email} }`).join('\n')}
  organizations:
    - id: ${ORGANIZATION}
      name: Acme
      rateLimit: { perSecond: 1000000 }
      keys: [{ name: plain, mode: api_key, key: ${KEY} }]
`,
)

/** Invites one person. Gives the membership's id once the server has acknowledged it; undefined when it died before. */
function invite({ url }: ServerProcess, agent: Agent, email: string): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { 'as-api-key': KEY, 'content-type': 'application/json' }
    const sent = request(`${url}/admin/2022-01/memberships`, { method: 'POST', agent, headers }, reply => {
      let text = ''
      reply.on('data', chunk => (text += chunk))
      reply.on('error', () => resolve(undefined))
      reply.on('end', () => {
        if (reply.statusCode === 201) resolve(JSON.parse(text).data.id)
        else reject(new Error(`${reply.statusCode}: ${text}`))
      })
    })
    sent.on('error', () => resolve(undefined))
    sent.end(JSON.stringify({ account: { email }, role: { code: 'member' } }))
  })
}

/** Invites people, several at once, and kills the server as soon as enough were acknowledged. Gives those. */
async function inviteUntilKilled(server: ServerProcess, queue: string[]): Promise<Map<string, string>> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
  const acknowledged = new Map<string, string>()
  let killed = false
  const client = async () => {
    while (!killed) {
      const email = queue.shift()
      assert.ok(email, 'there were too few people')
      const id = await invite(server, agent, email)
      if (id === undefined) return
      acknowledged.set(email, id)
      if (acknowledged.size < CREATES_BEFORE_KILL || killed) continue
      killed = true
      server.kill('SIGKILL')
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, client))
  agent.destroy()
  assert.equal((await server.finished).code, null)
  return acknowledged
}

/** All that the store holds of the organization, read without a server. */
async function storedIn(data: string) {
  const { context, close } = await openContext(await readConfig({ data }, { UNDERSTUDY_LOG_LEVEL: 'silent' }))
  const { db } = context
  try {
    return {
      memberships: await memberships.listAfter(context, ORGANIZATION, { after: -1, deleted: false }, 1_000_000),
      counted: await blocks.count(context, ORGANIZATION),
      created: await db.selectFrom('events').select('subject').where('type', '=', 'membership.created').execute(),
      invitations: await db.selectFrom('aftership_invitations').select('membership_id').execute(),
      mails: await db.selectFrom('mails').select('recipient').execute(),
    }
  } finally {
    await close()
  }
}

test('kill -9 loses no acknowledged membership, and leaves none without its event, mail and count', async () => {
  const data = temporaryDirectory()
  const queue = [...people]
  const acknowledged = new Map<string, string>()
  for (let kill = 0; kill < KILLS; kill++) {
    const server = await serve(['--data', data, '--seed', seed], { UNDERSTUDY_LOG_LEVEL: 'silent' })
    for (const [email, id] of await inviteUntilKilled(server, queue)) acknowledged.set(email, id)

    const stored = await storedIn(data)
    const ids = new Map(stored.memberships.map(({ email, id }) => [email, id]))
    const lost = [...acknowledged].filter(([email, id]) => ids.get(email) !== id)
    assert.deepEqual(lost, [], 'acknowledged, and gone')
    assert.ok(acknowledged.size >= CREATES_BEFORE_KILL * (kill + 1))
    assert.equal(ids.size, stored.memberships.length, 'nobody is in twice')

    const all = stored.memberships.map(({ id }) => id).sort()
    assert.deepEqual(stored.created.map(({ subject }) => subject).sort(), all, 'each membership has its event')
    assert.deepEqual(stored.invitations.map(row => row.membership_id).sort(), all, 'each has its link')
    assert.deepEqual(stored.mails.map(({ recipient }) => recipient).sort(), [...ids.keys()].sort(), 'and its mail')
    assert.equal(stored.counted, all.length, 'the count is that of the rows')
    assert.equal(new Set(stored.memberships.map(({ position }) => position)).size, all.length)
  }
})

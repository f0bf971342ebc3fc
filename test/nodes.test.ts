// Three real processes on one PostgreSQL: together they are one server, and one that is killed loses nothing.

import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import {
  emptyDatabase,
  type Reply,
  send,
  startNode,
  type TestDatabase,
  testOnPostgres,
  until,
} from './nodes.support.ts'
import type { Finished, ServerProcess } from './process.ts'
import { hang, startReceiver } from './receiver.ts'

const CREATES_BEFORE_KILL = 60
const AT_ONCE = 9
/** Jobs that are due again within this file's time. */
const FREQUENT = ['aftership-expiry', 'aftership-oauth', 'rate-limit-purge']

const operator = { authorization: 'Bearer ust_operator_token' }
const parent = { authorization: `Basic ${Buffer.from('EZAKacme:').toString('base64')}` }
const member = { 'as-api-key': 'as_plain_key' }

const SEED = `
aftership:
  accounts:
    - { id: acc_nina, email: nina@acme.test }
    - { email: of.no.pinned.id@acme.test }
  organizations:
    - id: org_acme
      name: Acme
      rateLimit: { perSecond: 1000000 }
      keys: [{ name: plain, mode: api_key, key: as_plain_key }]
      memberships: [{ id: m_nina, email: nina@acme.test, role: member, status: pending }]
    - id: org_limited
      name: Limited
      keys: [{ name: plain, mode: api_key, key: as_limited_key }]
    - { name: Of no pinned id }
easypost:
  users:
    - id: user_0123456789abcdef0123456789abcdef
      name: Acme
      rateLimit: { listPerSecond: 1000000, perSecond: 1000000 }
      keys: { test: EZTKacme, production: EZAKacme }
webhooks: { allowPrivateAddresses: true }
control: { tokens: [{ name: operator, scope: admin, token: ust_operator_token }] }
`

/** What a reply that is no refusal holds. */
function ok(reply: Reply | undefined): Record<string, unknown> {
  assert.ok(reply, 'the node answered')
  assert.ok(reply.status < 300, `${reply.status}: ${reply.body}`)
  return JSON.parse(reply.body)
}

function createChild(node: ServerProcess, name: string): Promise<Reply | undefined> {
  return send(node, 'POST', '/v2/users', parent, { user: { name } })
}

async function count(database: TestDatabase, from: string): Promise<number> {
  const [row] = await database.query<{ count: string }>(`select count(*) from ${from}`)
  return Number(row?.count)
}

testOnPostgres('three nodes on one database are one server', async server => {
  const database = await emptyDatabase(server)
  const nodes = await Promise.all([1, 2, 3].map(() => startNode(database.url, SEED)))
  const [first, second, third] = nodes
  assert.ok(first && second && third)
  await seededOnce(database, nodes)
  await Promise.all([disabledOnAll(nodes), limitedInSum(nodes)])
  await deliveredOnce(database, nodes)
  await losesNoWrite(database, nodes, third)
  await takesDeliveryOver(database, first, second)
  const ends = [await first.finished, await second.end('SIGTERM'), await third.finished]
  await ranOnce(database, ends)
  await takesJobOver(database)
})

/** All were started at the same moment, on a database without a table. */
async function seededOnce(database: TestDatabase, nodes: ServerProcess[]): Promise<void> {
  assert.equal(await count(database, 'aftership_organizations'), 3)
  assert.equal(await count(database, 'aftership_accounts'), 2)
  assert.equal(nodes.filter(({ banner }) => banner.includes('made just now')).length, 1)
  for (const node of nodes) ok(await send(node, 'GET', '/ready', {}))
}

/** Whichever node is asked, a key is refused a second after another node disabled it. */
async function disabledOnAll(nodes: ServerProcess[]): Promise<void> {
  const [first] = nodes
  assert.ok(first)
  const ask = () => Promise.all(nodes.map(node => send(node, 'GET', '/admin/2022-01/roles', member)))
  for (const reply of [...(await ask()), ...(await ask())]) ok(reply)
  const { data } = ok(await send(first, 'GET', '/understudy/v1/keys?limit=200', operator))
  const key = (data as { id: string; tenant: string }[]).find(({ tenant }) => tenant === 'org_acme')
  ok(await send(first, 'POST', `/understudy/v1/keys/${key?.id}/disable`, operator))
  const [own] = await ask()
  assert.equal(own?.status, 401, 'at once where it was disabled')
  await setTimeout(1000)
  for (const reply of await ask()) assert.equal(reply?.status, 401)
}

/** A burst over all nodes: one organization has ten requests in a second, whichever node is asked. */
async function limitedInSum(nodes: ServerProcess[]): Promise<void> {
  const limited = { 'as-api-key': 'as_limited_key' }
  for (let attempt = 0; attempt < 5; attempt++) {
    if (attempt > 0) await setTimeout(1100)
    const start = performance.now()
    const burst = Array.from({ length: 20 }, () => nodes).flat()
    const replies = await Promise.all(burst.map(node => send(node, 'GET', '/admin/2022-01/roles', limited)))
    // A machine that is busy may take longer than the window, and the next window opens.
    if (performance.now() - start > 1000) continue
    const statuses = replies.map(reply => reply?.status)
    assert.equal(statuses.filter(status => status === 200).length, 10)
    assert.equal(statuses.filter(status => status === 429).length, burst.length - 10)
    return
  }
  assert.fail('no burst was quicker than the window')
}

/** Every node may send; each message arrives once. */
async function deliveredOnce(database: TestDatabase, nodes: ServerProcess[]): Promise<void> {
  const [first] = nodes
  assert.ok(first)
  const receiver = await startReceiver()
  const webhook = ok(await send(first, 'POST', '/v2/webhooks', parent, { webhook: { url: receiver.url } }))
  const names = Array.from({ length: 30 }, (_, index) => `Desk ${index}`)
  const made = await Promise.all(names.map((name, index) => createChild(nodes[index % nodes.length] ?? first, name)))
  for (const reply of made) ok(reply)
  await until(
    'everything is delivered',
    async () => (await count(database, 'webhook_deliveries where due_at is not null')) === 0,
  )
  const messages = receiver.requests.map(({ body }) => JSON.parse(body).id)
  assert.equal(messages.length, await count(database, 'webhook_deliveries'))
  assert.equal(new Set(messages).size, messages.length)
  assert.ok(messages.length >= names.length)
  assert.ok(await send(first, 'DELETE', `/v2/webhooks/${webhook.id}`, parent))
}

/** A node is killed in the middle of writes: what was acknowledged, by whichever node, is there, with its event. */
async function losesNoWrite(database: TestDatabase, nodes: ServerProcess[], victim: ServerProcess): Promise<void> {
  const acknowledged: string[] = []
  let next = 0
  const client = async (index: number) => {
    const node = nodes[index % nodes.length]
    assert.ok(node)
    while (acknowledged.length < 2 * CREATES_BEFORE_KILL) {
      const reply = await createChild(node, `Shop ${next++}`)
      if (!reply) return
      acknowledged.push(String(ok(reply).id))
      if (acknowledged.length === CREATES_BEFORE_KILL) victim.kill('SIGKILL')
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => client(index)))
  assert.equal((await victim.finished).code, null)
  const rows = await database.query<{ id: string; events: string }>(
    `select id, (select count(*) from events where subject = child.id and type = 'user.created') as events
     from easypost_users as child where name like 'Shop %'`,
  )
  const stored = new Map(rows.map(({ id, events }) => [id, events]))
  for (const id of acknowledged) assert.equal(stored.get(id), '1', `${id} was acknowledged`)
  for (const [id, events] of stored) assert.equal(events, '1', `${id} is whole`)
}

/** A node is killed while a receiver takes its time; when the lease ends another node sends. */
async function takesDeliveryOver(database: TestDatabase, victim: ServerProcess, other: ServerProcess): Promise<void> {
  const receiver = await startReceiver()
  receiver.answer(hang)
  ok(await send(victim, 'POST', '/v2/webhooks', parent, { webhook: { url: receiver.url } }))
  // Held still, so that it is the other that sends.
  other.kill('SIGSTOP')
  ok(await createChild(victim, 'Killed desk'))
  await receiver.got(1)
  victim.kill('SIGKILL')
  await victim.finished
  receiver.answer(200)
  other.kill('SIGCONT')
  const [claimed] = await database.query<{ lasts: boolean }>(
    `select due_at::timestamptz > now() + interval '30 s' as lasts from webhook_deliveries where claim is not null`,
  )
  assert.equal(claimed?.lasts, true)
  // As if that time had passed.
  await database.query(`update webhook_deliveries set due_at = '2026-01-01T00:00:00.000Z' where claim is not null`)
  await receiver.got(2)
  const [message, again] = receiver.requests
  assert.equal(again?.body, message?.body)
  await until(
    'the delivery is settled',
    async () => (await count(database, "webhook_deliveries where status <> 'completed'")) === 0,
  )
  assert.equal(receiver.requests.length, 2)
}

/** Since the start, over all nodes. */
async function ranOnce(database: TestDatabase, ends: Finished[]): Promise<void> {
  const done = ends.flatMap(({ stderr }) =>
    stderr.split('\n').flatMap(line => /"job":"([^"]+)","msg":"job done"/.exec(line)?.[1] ?? []),
  )
  const rare = done.filter(name => !FREQUENT.includes(name))
  assert.deepEqual(rare.toSorted(), [...new Set(rare)].toSorted())
  const known = (await database.query<{ name: string }>('select name from jobs')).map(({ name }) => name)
  assert.deepEqual([...new Set(done)].toSorted(), known.toSorted())
  assert.ok(known.length > FREQUENT.length)
}

/** A node is killed in a job; when the lease ends one of the others does it, once. */
async function takesJobOver(database: TestDatabase): Promise<void> {
  const past = '2026-01-01T00:00:00.000Z'
  await database.query(`update aftership_invitations set expires_at = '${past}'`)
  await database.query(`update jobs set due_at = '${past}' where name = 'aftership-expiry'`)
  const expired = `events where type = 'membership.deleted' and subject = 'm_nina'`
  // The job comes as far as its first change.
  await database.during('lock table aftership_memberships in share mode', async () => {
    const victim = await startNode(database.url, SEED)
    await until('the job waits', async () => {
      const waiting = `pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
      return (await count(database, waiting)) > 0
    })
    victim.kill('SIGKILL')
    await victim.finished
  })
  const [claimed] = await database.query<{ lasts: boolean }>(
    `select claimed_until::timestamptz > now() as lasts from jobs where name = 'aftership-expiry' and claim is not null`,
  )
  assert.equal(claimed?.lasts, true)
  assert.equal(await count(database, expired), 0)
  await database.query(`update jobs set claimed_until = '${past}' where claim is not null`)
  const others = await Promise.all([1, 2].map(() => startNode(database.url, SEED)))
  await until('the membership is expired', async () => (await count(database, expired)) === 1)
  const ends = await Promise.all(others.map(node => node.end('SIGTERM')))
  const runs = ends.filter(({ stderr }) => stderr.includes('"job":"aftership-expiry","msg":"job done"'))
  assert.equal(runs.length, 1)
  assert.equal(await count(database, expired), 1)
}

// Measures `GET /admin/2022-01/memberships/{id}` on SQLite (authentication, rate limit, log line, metrics and the read
// included) against a bare Fastify route that returns the same JSON from memory.
//
// Run: `node bench/read-by-id.ts`, about a minute. Both servers are processes on one core, one loaded at a time in
// alternating rounds; the load comes from this process on the other core, over all of 1,000 memberships.
//
// How to read it: each cell is the median over the rounds. `requests/s` is what clients see; `server µs` is processor
// time of the server a request, which a busy machine or a slow load generator disturbs less; `busy` is the share of its
// core that the server used (well under 100 % means that the load generator was the bottleneck, and requests/s flatters
// the slower server). The bound: Understudy reaches at least half the bare route's requests per second, by both
// measures. Exit code 1 if it does not.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import autocannon from 'autocannon'
import { boundedRun } from './bounded-run.ts'
import { canPin, cpuSeconds, LOAD_CORE, pinSelf } from './cores.ts'
import { type MembershipStore, makeStore } from './membership-store.ts'
import { median, table } from './numbers.ts'
import { type ServerProcess, start, startUnderstudy } from './server-process.ts'

const MEMBERSHIPS = 1000
const CONNECTIONS = 50
const ROUNDS = 7
const ROUND_S = 3
const WARM_UP_S = 4
const RATIO_MIN = 0.5
const LIMIT_MS = 170_000
const PATH = '/admin/2022-01/memberships'

interface Round {
  requestsPerSecond: number
  /** Of the server, a request; NaN where it cannot be measured. */
  cpuMicroseconds: number
  /** The share of one core that the server used. */
  busy: number
}

interface Contender {
  name: string
  server: ServerProcess
  rounds: Round[]
}

await boundedRun(LIMIT_MS, async directory => {
  const store = await makeStore(join(directory, 'data'), MEMBERSHIPS, 0)
  const understudy = await startUnderstudy(store.directory)
  const bare = await startBare(directory, await readAll(understudy, store))
  const contenders: Contender[] = [
    { name: 'bare Fastify', server: bare, rounds: [] },
    { name: 'Understudy', server: understudy, rounds: [] },
  ]
  pinSelf(LOAD_CORE)
  for (const { server } of contenders) await load(server, store, WARM_UP_S)
  for (let round = 0; round < ROUNDS; round++) {
    for (const { server, rounds } of contenders) rounds.push(await load(server, store, ROUND_S))
  }
  await Promise.all(contenders.map(({ server }) => server.stop()))
  return report(contenders)
})

/** The reply for every membership, by its id. */
async function readAll(server: ServerProcess, store: MembershipStore): Promise<Record<string, unknown>> {
  const replies: Record<string, unknown> = {}
  for (const { id } of store.members) {
    const response = await fetch(`${server.url}${PATH}/${id}`, { headers: { 'as-api-key': store.apiKey } })
    if (response.status !== 200) throw new Error(`a read was answered with ${response.status}`)
    replies[id] = await response.json()
  }
  return replies
}

function startBare(directory: string, replies: Record<string, unknown>): Promise<ServerProcess> {
  const file = join(directory, 'replies.json')
  writeFileSync(file, JSON.stringify(replies))
  return start(['bare-fastify.ts', file])
}

async function load(server: ServerProcess, store: MembershipStore, seconds: number): Promise<Round> {
  const requests = store.members.map(({ id }) => ({ path: `${PATH}/${id}` }))
  let connection = 0
  const cpuBefore = cpuSeconds(server.pid)
  const startedAt = performance.now()
  const result = await autocannon({
    url: server.url,
    connections: CONNECTIONS,
    duration: seconds,
    headers: { 'as-api-key': store.apiKey },
    setupClient(client) {
      // Each connection starts at another membership.
      const first = Math.floor((connection++ * requests.length) / CONNECTIONS)
      client.setRequests([...requests.slice(first), ...requests.slice(0, first)])
    },
  })
  const elapsed = (performance.now() - startedAt) / 1000
  const cpu = (cpuSeconds(server.pid) ?? Number.NaN) - (cpuBefore ?? Number.NaN)
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${result.non2xx + result.errors} requests failed`)
  const answered = result.requests.total
  return { requestsPerSecond: answered / elapsed, cpuMicroseconds: (cpu / answered) * 1e6, busy: cpu / elapsed }
}

function report(contenders: Contender[]): boolean { console.log(JSON.stringify(contenders, (k, v) => typeof v === 'number' ? Math.round(v*1000)/1000 : v)); return true }

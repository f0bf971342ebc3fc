// Measures `GET /admin/2022-01/memberships/{id}` on SQLite (authentication, rate limit, log line, metrics and the read
// included) against a bare Fastify route that returns the same JSON from memory.
//
// Run: `node bench/read-by-id.ts [connections]`, about a minute; 50 connections unless told otherwise. Both servers are
// processes on one core, loaded in turn, round by round; the load comes from this process on the other core and spreads
// over 1,000 memberships, one request at a time on each connection.
//
// How to read it: each cell is the median over the rounds. `requests/s` is what clients get. `CPU µs` is the server's
// processor time for one request. `server busy` and `load busy` are the shares of their cores that the server and the
// load generator used. A round in which a server did not have its core to itself says little about requests/s, and is
// left out of the ratio; with fewer than three rounds left, the ratio is that of CPU µs. The bound: Understudy reaches
// at least half the bare route's requests per second, by the median over the rounds. Exit code 1 if it does not.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import autocannon from 'autocannon'
import { boundedRun, verdict } from './bounded-run.ts'
import { canPin, cpuSeconds, LOAD_CORE, pinSelf } from './cores.ts'
import { type MembershipStore, makeStore } from './membership-store.ts'
import { median, table } from './numbers.ts'
import { type ServerProcess, start, startUnderstudy } from './server-process.ts'

const MEMBERSHIPS = 1000
const CONNECTIONS = Number(process.argv[2] ?? 50)
const ROUNDS = 7
const ROUND_S = 3
const WARM_UP_S = 5
const RATIO_MIN = 0.5
/** A server that used less of its core was held up by something else: other processes, or the load generator. */
const BUSY_MIN = 0.85
const UNDISTURBED_MIN = 3
const LIMIT_MS = 170_000
const PATH = '/admin/2022-01/memberships'

interface Round {
  requestsPerSecond: number
  /** Of the server, for one request; NaN where it cannot be measured, as are the shares below. */
  cpuMicroseconds: number
  serverBusy: number
  loadBusy: number
}

interface Contender {
  name: string
  server: ServerProcess
  rounds: Round[]
}

await boundedRun(LIMIT_MS, async directory => {
  const store = await makeStore(join(directory, 'data'), MEMBERSHIPS, 0)
  const understudy: Contender = { name: 'Understudy', server: await startUnderstudy(store.directory), rounds: [] }
  const replies = await readAll(understudy.server, store)
  const bare: Contender = { name: 'bare Fastify route', server: await startBare(directory, replies), rounds: [] }
  pinSelf(LOAD_CORE)
  for (const { server } of [bare, understudy]) await load(server, store, WARM_UP_S)
  for (let round = 0; round < ROUNDS; round++) {
    for (const { server, rounds } of [bare, understudy]) rounds.push(await load(server, store, ROUND_S))
  }
  await Promise.all([bare, understudy].map(({ server }) => server.stop()))
  return report(bare, understudy)
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

/** Loads a server for `seconds`; each connection reads its own share of the memberships, over and over. */
async function load(server: ServerProcess, store: MembershipStore, seconds: number): Promise<Round> {
  const paths = store.members.map(({ id }) => ({ path: `${PATH}/${id}` }))
  const share = Math.floor(paths.length / CONNECTIONS)
  let connection = 0
  const cpuBefore = cpuSeconds(server.pid)
  const ownBefore = process.cpuUsage()
  const startedAt = performance.now()
  const result = await autocannon({
    url: server.url,
    connections: CONNECTIONS,
    duration: seconds,
    headers: { 'as-api-key': store.apiKey },
    setupClient: client => client.setRequests(paths.slice(connection * share, ++connection * share)),
  })
  const elapsed = (performance.now() - startedAt) / 1000
  const cpu = cpuSeconds(server.pid) - cpuBefore
  const own = process.cpuUsage(ownBefore)
  if (result.non2xx + result.errors > 0) throw new Error(`${result.non2xx + result.errors} requests failed`)
  const answered = result.requests.total
  return {
    requestsPerSecond: answered / elapsed,
    cpuMicroseconds: (cpu / answered) * 1e6,
    serverBusy: cpu / elapsed,
    loadBusy: (own.user + own.system) / 1e6 / elapsed,
  }
}

function report(bare: Contender, understudy: Contender): boolean {
  const pairs = bare.rounds.map((round, index) => ({ bare: round, ours: understudy.rounds[index] ?? round }))
  const undisturbed = pairs.filter(pair => !(pair.bare.serverBusy < BUSY_MIN || pair.ours.serverBusy < BUSY_MIN))
  const byRequests = median(undisturbed.map(pair => pair.ours.requestsPerSecond / pair.bare.requestsPerSecond))
  const byCpu = median(pairs.map(pair => pair.bare.cpuMicroseconds / pair.ours.cpuMicroseconds))
  const header = ['', 'requests/s', 'CPU µs', 'server busy', 'load busy']
  const ratios = ['ratio', undisturbed.length > 0 ? byRequests.toFixed(3) : '', byCpu.toFixed(3), '', '']
  console.log(table([header, lineOf(bare), lineOf(understudy), ratios]))
  console.log(`${CONNECTIONS} connections; undisturbed rounds: ${undisturbed.length} of ${ROUNDS}`)
  if (!canPin) console.log('the processes could not be pinned to cores: the two servers had all of them')

  const enough = undisturbed.length >= UNDISTURBED_MIN
  const kept = (enough ? byRequests : byCpu) >= RATIO_MIN
  const measure = enough ? 'requests per second' : 'requests per second of CPU time (the machine was busy)'
  return verdict(kept, `at least ${RATIO_MIN} of the bare route's ${measure}`)
}

function lineOf({ name, rounds }: Contender): string[] {
  return [
    name,
    median(rounds.map(round => round.requestsPerSecond)).toFixed(0),
    median(rounds.map(round => round.cpuMicroseconds)).toFixed(1),
    percent(median(rounds.map(round => round.serverBusy))),
    percent(median(rounds.map(round => round.loadBusy))),
  ]
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}

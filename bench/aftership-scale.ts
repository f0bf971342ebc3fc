// Measures whether AfterShip requests stay as fast in an organization of 100,000 memberships as in one of 1,000.
//
// Run: `node bench/aftership-scale.ts`, about a minute, most of it to fill the two stores (on disk, through the same
// rules as a seed). A server runs on each; requests go over a socket one at a time, to one store and then to the other, and
// one kind after the other, so that whatever else the machine does hits all alike.
//
// How to read it: times are medians in milliseconds, seen by the client. A bound is either on `ratio`, the time at
// 100,000 against the time at 1,000, or, for pages deep in the list, on `to first`, the page's time against that of the
// first page with the same limit in the same store. Exit code 1 if a bound is broken.

import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { boundedRun } from './bounded-run.ts'
import { LOAD_CORE, pinSelf } from './cores.ts'
import { type MembershipStore, makeStore } from './membership-store.ts'
import { median, table } from './numbers.ts'
import { type ServerProcess, startUnderstudy } from './server-process.ts'

const SIZES = [1000, 100_000]
const SAMPLES = 300
const WARM_UP = 300
const RATIO_MAX = 2
const DEEP_RATIO_MAX = 5
const LIMIT_MS = 170_000
const PATH = '/admin/2022-01/memberships'

interface Target {
  store: MembershipStore
  server: ServerProcess
  /** One connection, kept open. */
  agent: Agent
}

interface Operation {
  name: string
  /** Sends the n-th request of this kind. */
  send(target: Target, n: number): Promise<void>
  /** For a page deep in the list: the name of the operation that reads the first page. */
  first?: string
}

interface Measured {
  operation: Operation
  /** Median milliseconds, for each of SIZES. */
  times: number[]
}

const operations: Operation[] = [
  { name: 'first page, limit 100', send: pages(100, () => 0) },
  { name: 'middle page, limit 100', send: pages(100, () => 0.5), first: 'first page, limit 100' },
  { name: 'last page, limit 100', send: pages(100, () => 1), first: 'first page, limit 100' },
  { name: 'any page, limit 100', send: pages(100, spread), first: 'first page, limit 100' },
  { name: 'first page, limit 1', send: pages(1, () => 0) },
  { name: 'last page, limit 1', send: pages(1, () => 1), first: 'first page, limit 1' },
  { name: 'any page, limit 1', send: pages(1, spread), first: 'first page, limit 1' },
  { name: 'read by id', send: (target, n) => call(target, 200, 'GET', `/${memberAt(target, n).id}`) },
  { name: 'email lookup', send: (target, n) => call(target, 200, 'GET', `?email=${memberAt(target, n).email}`) },
  { name: 'create', send: create },
]

await boundedRun(LIMIT_MS, async directory => {
  const targets: Target[] = []
  for (const size of SIZES) {
    const store = await makeStore(join(directory, String(size)), size, WARM_UP + SAMPLES)
    targets.push({ store, server: await startUnderstudy(store.directory), agent: new Agent({ keepAlive: true }) })
  }
  pinSelf(LOAD_CORE)
  const measured = await measureAll(targets)
  for (const { agent, server } of targets) {
    agent.destroy()
    await server.stop()
  }
  return report(measured)
})

/** Takes turns between the operations and, for each, between the targets. */
async function measureAll(targets: Target[]): Promise<Measured[]> {
  const samples = operations.map(operation => ({ operation, times: targets.map((): number[] => []) }))
  for (let n = 0; n < WARM_UP + SAMPLES; n++) {
    for (const { operation, times } of samples) {
      for (const [index, target] of targets.entries()) {
        const startedAt = performance.now()
        await operation.send(target, n)
        if (n >= WARM_UP) times[index]?.push(performance.now() - startedAt)
      }
    }
  }
  return samples.map(({ operation, times }) => ({ operation, times: times.map(median) }))
}

/** Reads pages of `limit`, at a place from 0 (the first page) to 1 (the last). */
function pages(limit: number, placeOf: (n: number) => number): Operation['send'] {
  return (target, n) => {
    const last = target.store.members.length / limit
    return call(target, 200, 'GET', `?limit=${limit}&page=${1 + Math.round(placeOf(n) * (last - 1))}`)
  }
}

/** Places from 0 to 1, evenly spread and in no order. */
function spread(n: number): number {
  return (n * 0.618034) % 1
}

function memberAt({ store }: Target, n: number) {
  const member = store.members[Math.round(spread(n) * (store.members.length - 1))]
  if (!member) throw new Error('there is no such member')
  return member
}

function create(target: Target, n: number): Promise<void> {
  const body = JSON.stringify({ account: { email: target.store.uninvited[n] }, role: { code: 'member' } })
  return call(target, 201, 'POST', '', body)
}

/** One request and the whole of its answer. Throws when the status is another than expected. */
async function call(target: Target, status: number, method: string, path: string, body = ''): Promise<void> {
  const { agent, server, store } = target
  const headers = { 'as-api-key': store.apiKey, 'content-type': 'application/json', 'content-length': body.length }
  const sent = request(`${server.url}${PATH}${path}`, { agent, method, headers })
  sent.end(body)
  const [response]: IncomingMessage[] = await once(sent, 'response')
  if (!response) throw new Error('there was no answer')
  response.resume()
  await once(response, 'end')
  if (response.statusCode !== status) throw new Error(`${method} ${path} was answered with ${response.statusCode}`)
}

function report(measured: Measured[]): boolean {
  const lines = measured.map(({ operation, times: [small = Number.NaN, large = Number.NaN] }) => {
    const first = measured.find(other => other.operation.name === operation.first)?.times[1]
    const ratio = large / small
    const toFirst = first === undefined ? undefined : large / first
    const kept = toFirst === undefined ? ratio <= RATIO_MAX : toFirst <= DEEP_RATIO_MAX
    const bound = toFirst === undefined ? `ratio <= ${RATIO_MAX}` : `to first <= ${DEEP_RATIO_MAX}`
    const cells = [small.toFixed(3), large.toFixed(3), ratio.toFixed(2), toFirst?.toFixed(2) ?? '', bound]
    return { kept, cells: [operation.name, ...cells, kept ? 'kept' : 'BROKEN'] }
  })
  const header = ['ms (median)', ...SIZES.map(size => `at ${size}`), 'ratio', 'to first', 'bound', '']
  console.log(table([header, ...lines.map(({ cells }) => cells)]))
  return lines.every(({ kept }) => kept)
}

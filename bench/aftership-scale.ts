// Measures whether AfterShip requests stay as fast in an organization of 100,000 memberships as in one of 1,000.
//
// Run: `node bench/aftership-scale.ts`, about a minute, most of it to fill the two stores (on disk, through the same
// rules as a seed). A server runs on each; requests go over a socket one at a time, to one store and then to the other, and
// one kind after the other, so that whatever else the machine does hits all alike.
//
// How to read it: times are medians in milliseconds, seen by the client. A bound is either on `ratio`, the time at
// 100,000 against the time at 1,000, or, for pages deep in the list, on `to first`, the page's time against that of the
// first page with the same limit in the same store. Exit code 1 if a bound is broken.

import { join } from 'node:path'
import { boundedRun } from './bounded-run.ts'
import { type Client, connect } from './client.ts'
import { LOAD_CORE, pinSelf } from './cores.ts'
import { type Measured, measureInTurns, type Operation as OperationOn } from './in-turns.ts'
import { type MembershipStore, makeStore } from './membership-store.ts'
import { spread, table } from './numbers.ts'
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
  client: Client
}

interface Operation extends OperationOn<Target> {
  /** For a page deep in the list: the name of the operation that reads the first page. */
  first?: string
}

const operations: Operation[] = [
  { name: 'first page, limit 100', send: pages(100, () => 0) },
  { name: 'middle page, limit 100', send: pages(100, () => 0.5), first: 'first page, limit 100' },
  { name: 'last page, limit 100', send: pages(100, () => 1), first: 'first page, limit 100' },
  { name: 'any page, limit 100', send: pages(100, spread), first: 'first page, limit 100' },
  { name: 'first page, limit 1', send: pages(1, () => 0) },
  { name: 'last page, limit 1', send: pages(1, () => 1), first: 'first page, limit 1' },
  { name: 'any page, limit 1', send: pages(1, spread), first: 'first page, limit 1' },
  { name: 'read by id', send: (target, n) => read(target, `/${memberAt(target, n).id}`) },
  { name: 'email lookup', send: (target, n) => read(target, `?email=${memberAt(target, n).email}`) },
  { name: 'create', send: create },
]

await boundedRun(LIMIT_MS, async directory => {
  const targets: Target[] = []
  for (const size of SIZES) {
    const store = await makeStore(join(directory, String(size)), size, WARM_UP + SAMPLES)
    const server = await startUnderstudy(store.directory)
    targets.push({ store, server, client: connect(server.url, { 'as-api-key': store.apiKey }) })
  }
  pinSelf(LOAD_CORE)
  const measured = await measureInTurns(operations, targets, { warmUp: WARM_UP, samples: SAMPLES })
  for (const { client, server } of targets) {
    client.close()
    await server.stop()
  }
  return report(measured)
})

/** Reads pages of `limit`, at a place from 0 (the first page) to 1 (the last). */
function pages(limit: number, placeOf: (n: number) => number): Operation['send'] {
  return (target, n) => {
    const last = target.store.members.length / limit
    return read(target, `?limit=${limit}&page=${1 + Math.round(placeOf(n) * (last - 1))}`)
  }
}

function memberAt({ store }: Target, n: number) {
  const member = store.members[Math.round(spread(n) * (store.members.length - 1))]
  if (!member) throw new Error('there is no such member')
  return member
}

function read({ client }: Target, path: string): Promise<void> {
  return client.call(200, 'GET', PATH + path)
}

function create({ client, store }: Target, n: number): Promise<void> {
  return client.call(201, 'POST', PATH, { account: { email: store.uninvited[n] }, role: { code: 'member' } })
}

function report(measured: Measured<Operation>[]): boolean {
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

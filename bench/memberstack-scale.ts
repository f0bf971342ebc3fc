// Measures whether Memberstack requests stay as fast in an app of 1,000,000 members as in one of 1,000.
//
// Run: `node bench/memberstack-scale.ts [members]`, about two minutes, most of them to fill the larger store. A server
// runs on each store, on disk; requests go over a socket one at a time, to one store and then to the other, and one kind
// after the other, so that whatever else the machine does hits all alike.
//
// How to read it: times are medians in milliseconds, seen by the client; `ratio` is the time in the larger store against
// the time in the smaller one. `any page` and all reads of one member go to another place each time, in no order. The
// bound is on lists and retrievals; updates and creates are shown beside them (at argon2's least cost, as a password at
// its default takes several times as long as all else). Exit code 1 if a bound is broken.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { boundedRun } from './bounded-run.ts'
import { type Client, connect } from './client.ts'
import { LOAD_CORE, pinSelf } from './cores.ts'
import { type Measured, measureInTurns, type Operation as OperationOn } from './in-turns.ts'
import { emailOf, idOf, numberOf } from './member-rows.ts'
import { type MemberStore, makeMemberStore } from './member-store.ts'
import { memoryOf } from './memory.ts'
import { spread, table } from './numbers.ts'
import { type ServerProcess, startUnderstudy } from './server-process.ts'

const SIZES = [1000, Number(process.argv[2] ?? 1_000_000)]
const SAMPLES = 300
const WARM_UP = 300
const PAGE = 100
const RATIO_MAX = 1.5
const LIMIT_MS = 420_000
const CHEAP_PASSWORDS = 'passwords: { memoryKiB: 8, passes: 1, parallelism: 1 }\n'

interface Target {
  store: MemberStore
  server: ServerProcess
  client: Client
}

interface Operation extends OperationOn<Target> {
  bounded: boolean
}

const operations: Operation[] = [
  { name: 'list, first page', bounded: true, send: list('ASC', () => 0) },
  { name: 'list, middle page', bounded: true, send: list('ASC', () => 0.5) },
  { name: 'list, last page', bounded: true, send: list('ASC', () => 1) },
  { name: 'list, any page', bounded: true, send: list('ASC', spread) },
  { name: 'list DESC, first page', bounded: true, send: list('DESC', () => 0) },
  { name: 'list DESC, middle page', bounded: true, send: list('DESC', () => 0.5) },
  { name: 'list DESC, last page', bounded: true, send: list('DESC', () => 1) },
  { name: 'list DESC, any page', bounded: true, send: list('DESC', spread) },
  { name: 'retrieve by id', bounded: true, send: (target, n) => get(target, `/${idOf(anyMember(target, n))}`) },
  {
    name: 'retrieve by email',
    bounded: true,
    send: (target, n) => get(target, `/${encodeURIComponent(emailOf(anyMember(target, n)))}`),
  },
  { name: 'update', bounded: false, send: update },
  { name: 'create', bounded: false, send: create },
]

await boundedRun(LIMIT_MS, async directory => {
  const configFile = join(directory, 'understudy.yaml')
  writeFileSync(configFile, CHEAP_PASSWORDS)
  const targets: Target[] = []
  for (const size of SIZES) {
    const startedAt = performance.now()
    const store = await makeMemberStore(join(directory, String(size)), size)
    console.log(`filled a store with ${size} members in ${((performance.now() - startedAt) / 1000).toFixed(0)} s`)
    const server = await startUnderstudy(store.directory, { configFile })
    targets.push({ store, server, client: connect(server.url, { 'x-api-key': store.secretKey }) })
  }
  pinSelf(LOAD_CORE)
  const measured = await measureInTurns(operations, targets, { warmUp: WARM_UP, samples: SAMPLES })
  const memory = targets.map(({ server }) => memoryOf(server.pid).nowMiB)
  for (const { client, server } of targets) {
    client.close()
    await server.stop()
  }
  return report(measured, memory)
})

/** Reads pages at a place from 0 (the first page) to 1 (the last). */
function list(order: 'ASC' | 'DESC', placeOf: (n: number) => number): Operation['send'] {
  return (target, n) => {
    const before = Math.round(placeOf(n) * (target.store.size - PAGE))
    const after = order === 'ASC' ? numberOf(before - 1) : numberOf(target.store.size - before)
    return get(target, `?limit=${PAGE}&order=${order}&after=${after}`)
  }
}

/** All over the store. */
function anyMember({ store }: Target, n: number): number {
  return Math.floor(spread(n) * store.size)
}

function get({ client }: Target, path: string): Promise<void> {
  return client.call(200, 'GET', `/members${path}`)
}

function update(target: Target, n: number): Promise<void> {
  const fields = { customFields: { visits: n }, loginRedirect: `/welcome-${n}` }
  return target.client.call(200, 'PATCH', `/members/${idOf(anyMember(target, n))}`, fields)
}

function create({ client }: Target, n: number): Promise<void> {
  const fields = { customFields: { city: 'Accra' }, plans: [{ planId: 'pln_reader' }] }
  return client.call(200, 'POST', '/members', { email: `new${n}@example.com`, password: 'a long password', ...fields })
}

function report(measured: Measured<Operation>[], memory: number[]): boolean {
  const lines = measured.map(({ operation, times: [small = Number.NaN, large = Number.NaN] }) => {
    const ratio = large / small
    const kept = ratio <= RATIO_MAX
    const verdict = operation.bounded ? [`<= ${RATIO_MAX}`, kept ? 'kept' : 'BROKEN'] : ['', '']
    const cells = [operation.name, small.toFixed(3), large.toFixed(3), ratio.toFixed(2), ...verdict]
    return { kept: kept || !operation.bounded, cells }
  })
  const header = ['ms (median)', ...SIZES.map(size => `at ${size}`), 'ratio', 'bound', '']
  console.log(table([header, ...lines.map(({ cells }) => cells)]))
  console.log(`resident memory of the servers: ${memory.map(mebibytes => `${mebibytes.toFixed(0)} MiB`).join(', ')}`)
  return lines.every(({ kept }) => kept)
}

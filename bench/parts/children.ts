// An EasyPost parent with 100,000 children: a page, a read, a create, and the two answers that hold every child by
// contract (`GET /v2/users`, `GET /v2/api_keys`), with what everybody else has to wait meanwhile: how long a `GET
// /health` takes on another connection, sent again and again while the large answer is built and sent.

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Connection, expect, request } from '../connection.ts'
import { LOAD_CORE, pinSelf } from '../cores.ts'
import { atMost, type Line } from '../lines.ts'
import { memoryOf } from '../memory.ts'
import { median, percentile } from '../numbers.ts'
import { runPart } from '../part.ts'
import { startUnderstudy } from '../server-process.ts'
import { type ChildrenStore, makeChildrenStore } from '../stores/children.ts'

const CHILDREN = 100_000
const CHILDREN_QUICK = 5000
const SMALL_REQUESTS = 200
const LARGE_REQUESTS = 3
const IDLE_MS = 2000
const WAIT_MAX_MS = 50
const MEMORY_MAX_MIB = 1536
const CONTENDER = 'Understudy, SQLite'

await runPart(async ({ directory, quick }) => {
  const store = await makeChildrenStore(join(directory, 'data'), quick ? CHILDREN_QUICK : CHILDREN)
  const server = await startUnderstudy(store.directory)
  pinSelf(LOAD_CORE)
  const [connection, other] = [await Connection.open(server.url), await Connection.open(server.url)]
  const lines = [...(await smallRequests(connection, store)), ...(await largeRequests(connection, other, store))]
  const { mostMiB } = memoryOf(server.pid)
  connection.close()
  other.close()
  await server.stop()
  const bound = atMost('RSS', Math.round(mostMiB), MEMORY_MAX_MIB)
  return [...lines, { contender: CONTENDER, operation: 'memory at its most', rssMiB: mostMiB, bound }]
})

async function smallRequests(connection: Connection, store: ChildrenStore): Promise<Line[]> {
  const { parent, children } = store
  const some = (n: number) => children[(n * 7919) % children.length]
  const kinds: [string, (n: number) => Promise<unknown>][] = [
    [
      'page of 100 children',
      n => get(connection, store, `/v2/users/${parent}/children?page_size=100&before_id=${some(n)}`),
    ],
    ['read a child', n => get(connection, store, `/v2/users/${some(n)}`)],
    ['create a child', n => expect(201, connection, request('POST', '/v2/users', keyOf(store), { name: `New ${n}` }))],
  ]
  const lines: Line[] = []
  for (const [operation, send] of kinds) {
    const times: number[] = []
    for (let n = 0; n < SMALL_REQUESTS; n++) times.push(await timed(() => send(n)))
    const bound = atMost('p50', Math.ceil(median(times)), WAIT_MAX_MS)
    lines.push({ contender: CONTENDER, operation, ...timesOf(times), bound })
  }
  return lines
}

async function largeRequests(connection: Connection, other: Connection, store: ChildrenStore): Promise<Line[]> {
  const idle = await waitsDuring(other, () => sleep(IDLE_MS))
  const lines: Line[] = [{ contender: CONTENDER, operation: 'others wait, beside nothing', ...timesOf(idle) }]
  for (const path of ['/v2/users', '/v2/api_keys']) {
    const whole: number[] = []
    const waits: number[] = []
    for (let n = 0; n < LARGE_REQUESTS; n++) {
      const waited = await waitsDuring(other, async () => {
        whole.push(await timed(() => get(connection, store, path)))
      })
      waits.push(...waited)
    }
    const bound = atMost('p99', Math.ceil(percentile(waits, 0.99)), WAIT_MAX_MS)
    lines.push({ contender: CONTENDER, operation: `all of ${path}`, ...timesOf(whole) })
    lines.push({ contender: CONTENDER, operation: 'others wait meanwhile', ...timesOf(waits), bound })
  }
  return lines
}

/** How long each of a row of small requests took while `work` ran. */
async function waitsDuring(connection: Connection, work: () => Promise<void>): Promise<number[]> {
  const health = request('GET', '/health', {})
  const waits: number[] = []
  let working = true
  const pings = (async () => {
    while (working) waits.push(await timed(() => expect(200, connection, health)))
  })()
  await work().finally(() => {
    working = false
  })
  await pings
  return waits
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

function timesOf(times: readonly number[]): Partial<Line> {
  return { p50Ms: median(times), p99Ms: percentile(times, 0.99) }
}

function get(connection: Connection, store: ChildrenStore, path: string): Promise<unknown> {
  return expect(200, connection, request('GET', path, keyOf(store)))
}

function keyOf({ productionKey }: ChildrenStore): Record<string, string> {
  return { authorization: `Bearer ${productionKey}` }
}

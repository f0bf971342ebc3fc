// An AfterShip organization of 1,000,000 memberships against one of 1,000: each request's time, requests per second
// under load, memory, and how soon a server is ready.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Connection, expect } from '../connection.ts'
import { LOAD_CORE, pinSelf } from '../cores.ts'
import { type GrowingOperation, growthLines, namesOf, samplesOf, sizesOf } from '../growth.ts'
import { measureInTurns } from '../in-turns.ts'
import { atMost, type Line } from '../lines.ts'
import { memoryOf } from '../memory.ts'
import { spread } from '../numbers.ts'
import { runPart } from '../part.ts'
import { lineOf, paceOf, race, ratioOf } from '../rounds.ts'
import { measureStarts } from '../starts.ts'
import { emailOf } from '../stores/membership-rows.ts'
import { PAGE_SIZE, understudy } from '../targets.ts'

const CONNECTIONS = 50
const GROWTH_MAX = 1.3
/** A page deep in the list, against the first. */
const DEEP_MAX = 5
const IDLE_MAX_MIB = 130
const LOADED_MAX_MIB = 250
const IDLE_MS = 2000
const FIRST_PAGE = `first page of ${PAGE_SIZE}`

interface Target extends Awaited<ReturnType<typeof understudy>> {
  connection: Connection
}

const operations: GrowingOperation<Target>[] = [
  { name: 'read by id', most: GROWTH_MAX, send: (target, n) => ask(target, target.read(anyOf(target, n))) },
  { name: FIRST_PAGE, most: GROWTH_MAX, send: target => ask(target, target.list(0)) },
  {
    name: 'lookup by email',
    most: GROWTH_MAX,
    send: (target, n) => ask(target, target.readByEmail(emailOf(anyOf(target, n)))),
  },
  {
    name: 'any page',
    most: DEEP_MAX,
    than: FIRST_PAGE,
    send: (target, n) => ask(target, target.list(anyPage(target, n))),
  },
  {
    name: 'last page',
    most: DEEP_MAX,
    than: FIRST_PAGE,
    send: target => ask(target, target.list(pagesOf(target) - 1)),
  },
  { name: 'change a role', send: (target, n) => ask(target, changed(target, n)) },
]

await runPart(async ({ directory, quick }) => {
  pinSelf(LOAD_CORE)
  const names = namesOf('memberships', quick)
  const made: Omit<Target, 'connection'>[] = []
  for (const [index, size] of sizesOf(quick).entries()) {
    const own = join(directory, String(size))
    mkdirSync(own)
    made.push({ ...(await understudy(own, { size })), name: names[index] ?? '' })
  }
  await sleep(IDLE_MS)
  const idle = made.map(target => memoryLine(target, 'idle', memoryOf(target.server.pid).nowMiB, IDLE_MAX_MIB))
  // Only now: a server does not hold an idle connection while a store is filled.
  const targets = await Promise.all(
    made.map(async each => ({ ...each, connection: await Connection.open(each.server.url) })),
  )
  const measured = await measureInTurns(operations, targets, samplesOf(quick))
  const mixed = await loadLines(targets, quick)
  const loaded = targets.map(target =>
    memoryLine(target, 'at its most under load', memoryOf(target.server.pid).mostMiB, LOADED_MAX_MIB),
  )
  for (const { connection, server } of targets) {
    connection.close()
    await server.stop()
  }
  const stores = targets.map(({ name, store }) => ({ name, data: store.data }))
  return [...growthLines(names, measured), ...mixed, ...idle, ...loaded, ...(await measureStarts(stores, quick))]
})

/** Requests of all kinds over many connections. */
async function loadLines(targets: readonly Target[], quick: boolean): Promise<Line[]> {
  const raced = await race(
    targets.map(target => ({ ...target, load: { connections: CONNECTIONS, status: 200, next: mixture(target) } })),
    paceOf(quick),
  )
  return raced.map((each, index) => {
    const small = raced[0] ?? each
    return { ...lineOf(each, `mixed, ${CONNECTIONS} connections`), ...(index > 0 ? ratioOf(each, small) : {}) }
  })
}

function mixture(target: Target): () => Buffer {
  const kinds = [
    (n: number) => target.read(anyOf(target, n)),
    (n: number) => target.list(anyPage(target, n)),
    (n: number) => target.readByEmail(emailOf(anyOf(target, n))),
    (n: number) => changed(target, n),
  ]
  let sent = 0
  return () => {
    const n = sent++
    const kind = kinds[n % kinds.length] ?? target.list
    return kind(n)
  }
}

function memoryLine({ name }: { name: string }, operation: string, rssMiB: number, most: number): Line {
  return { contender: name, operation, rssMiB, bound: atMost('RSS', Math.round(rssMiB), most) }
}

/** All over the store. */
function anyOf({ store }: Target, n: number): number {
  return Math.floor(spread(n) * store.size)
}

function anyPage(target: Target, n: number): number {
  return Math.floor(spread(n) * pagesOf(target))
}

function pagesOf({ store }: Target): number {
  return Math.floor(store.size / PAGE_SIZE)
}

function changed(target: Target, n: number): Buffer {
  return target.setRole(anyOf(target, n), n % 2 === 0 ? 'admin' : 'member')
}

function ask({ connection }: Target, bytes: Buffer): Promise<unknown> {
  return expect(200, connection, bytes)
}

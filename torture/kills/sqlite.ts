// One server on a file, killed again and again: under load, and while it starts.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import type { Findings } from '../findings.ts'
import type { Random } from '../random.ts'
import { type Server, startServer } from '../server.ts'
import { passTime } from './ageing.ts'
import { BOOKS, eventsIn } from './books.ts'
import { askOperator, checkStore } from './check.ts'
import { command } from './command.ts'
import { FeedReader } from './feed.ts'
import { Ledger } from './ledger.ts'
import { askAgain, type Load, loadUntil } from './load.ts'
import { isDrained, Once } from './once.ts'
import { type Receivers, startReceivers } from './receivers.ts'
import { type Store, sqliteStore } from './stores.ts'
import { makeWorld, type World } from './world.ts'

export interface Extent {
  kills: number
  clients: number
  /** How long a server lives under load, at most. */
  lifeMaxMs: number
}

const LIFE_MIN_MS = 60
/** Some of them before the server listens. */
const START_MAX_MS = 500
const KILLED_AT_START = 0.25
const DRAINS_MAX = 10
const DRAIN_MS = 15_000
const POLL_MS = 25

/** Everything that one store went through. */
interface Run extends Load {
  store: Store
  world: World
  receivers: Receivers
  once: Once
  feed: FeedReader
}

export async function tortureSqlite(directory: string, extent: Extent, random: Random, findings: Findings) {
  const data = join(directory, 'data')
  mkdirSync(directory, { recursive: true })
  const receivers = await startReceivers(random.fork())
  const world = makeWorld(directory, receivers)
  const once = new Once(receivers, findings)
  const load = { findings, ledger: new Ledger(), random, left: [] }
  const run: Run = { ...load, store: sqliteStore(data), world, receivers, once, feed: new FeedReader() }
  findings.count('acknowledged changes lost', 0)
  try {
    let settled: ReturnType<Ledger['compare']> = []
    for (let kills = 0; kills < extent.kills; kills++) {
      if (random.chance(KILLED_AT_START)) {
        await killAtStart(run)
        kills++
      }
      settled = await killUnderLoad(run, settled, extent)
    }
    await finish(run, settled)
  } finally {
    await receivers.close()
  }
  findings.count('acknowledged changes', run.ledger.acknowledged)
}

const serve = ({ store, world }: Run): Promise<Server> =>
  startServer(store.location, { env: world.env, flags: ['--seed', world.seedFile] })

async function killAtStart({ store, world, random, findings }: Run): Promise<void> {
  const flags = ['--data', store.location, '--port', '0', '--seed', world.seedFile]
  await command(['serve', ...flags], world.env, random.below(START_MAX_MS))
  findings.count('kills while a server started')
}

/** Starts a server, asks again for what was in doubt, loads it, kills it, and looks at what is left. */
async function killUnderLoad(run: Run, settled: ReturnType<Ledger['compare']>, { clients, lifeMaxMs }: Extent) {
  const { store, findings, random, once, ledger } = run
  const server = await serve(run)
  await askAgain(server.url, run, settled)
  const dead = setTimeout(random.between(LIFE_MIN_MS, lifeMaxMs)).then(() => server.stop('SIGKILL'))
  const reading = run.feed.follow(server.url, AbortSignal.timeout(lifeMaxMs))
  await loadUntil([server.url], clients, run, dead)
  await reading
  findings.count('kills under load')
  noteLog(server, findings)
  await once.noteDeath(store)
  await once.check(store)
  const outcome = await checkStore(store, ledger, findings)
  await passTime(store, run)
  return outcome
}

/** Lets everything come to its end: what is due is sent, what has to expire or be purged is, and the server stops. */
async function finish(run: Run, settled: ReturnType<Ledger['compare']>): Promise<void> {
  const { store, findings, once, ledger, receivers } = run
  receivers.takeAll()
  for (let drains = 0; ; drains++) {
    const server = await serve(run)
    if (drains === 0) await askAgain(server.url, run, settled)
    await drained(store)
    await run.feed.finish(server.url)
    if ((await server.stop()) !== 0) findings.fail(`the server did not end well: ${server.said()}`)
    noteLog(server, findings)
    if ((await isDrained(store)) || drains === DRAINS_MAX) break
    // What was refused waits for its retry.
    await passTime(store, { ...run, left: [] })
  }
  await checkStore(store, ledger, findings, true)
  await once.check(store, true)
  const [events = []] = await store.read(BOOKS[0] ?? '')
  run.feed.check(eventsIn([events]), findings)
  findings.count('events', events.length)
  await askOperator(store, run.world.env, findings)
}

/** Waits until nothing is due any more, nor under way: what is left waits for a later time. */
async function drained(store: Store): Promise<void> {
  const now = new Date().toISOString()
  const busy = `select 1 as busy from webhook_deliveries where due_at <= '${now}' or claim is not null union all
    select 1 from mails where status = 'queued' and (next_attempt_at <= '${now}' or claim is not null)`
  const end = performance.now() + DRAIN_MS
  while (performance.now() < end && (await store.read(busy)).flat().length > 0) await setTimeout(POLL_MS)
}

/** A server that recovers has nothing to complain of. */
function noteLog(server: Server, findings: Findings): void {
  const complaints = server.log().filter(({ level }) => level === 'error' || level === 'fatal')
  for (const line of complaints) findings.fail(`the log says ${JSON.stringify(line)}`)
}

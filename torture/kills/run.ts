// One store and all that it goes through: what every engine has in common.

import { mkdirSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import type { Findings } from '../findings.ts'
import { type Server, startServer } from '../server.ts'
import { passTime } from './ageing.ts'
import { BOOKS, eventsIn } from './books.ts'
import { askOperator, checkStore } from './check.ts'
import { FeedReader } from './feed.ts'
import { Ledger } from './ledger.ts'
import { askAgain, forgetEach, type Load } from './load.ts'
import { isDrained, Once } from './once.ts'
import { type Receivers, startReceivers } from './receivers.ts'
import type { Store } from './stores.ts'
import { makeWorld, type World } from './world.ts'

export interface Extent {
  kills: number
  clients: number
  /** How long a server lives under load, at most. */
  lifeMaxMs: number
  /** How much of webhooks and mails is refused at first: the rest of it comes when time has gone by. */
  refused: number
}

export interface Run extends Load {
  store: Store
  world: World
  receivers: Receivers
  once: Once
  feed: FeedReader
  /** What was in doubt at the last kill. */
  settled: ReturnType<Ledger['compare']>
}

const DRAINS_MAX = 10
const DRAIN_MS = 15_000
const POLL_MS = 25

/** Has `work` done on a new run; then lets everything come to its end, and looks at it once more. */
export async function throughout(
  {
    directory,
    store,
    refused,
    random,
    findings,
  }: Pick<Run, 'store' | 'random' | 'findings'> & {
    directory: string
    refused: number
  },
  work: (run: Run) => Promise<void>,
): Promise<void> {
  mkdirSync(directory, { recursive: true })
  const receivers = await startReceivers(random.fork(), refused)
  findings.count('acknowledged changes lost', 0)
  const run: Run = {
    findings,
    ledger: new Ledger(),
    random,
    left: [],
    dying: new Set(),
    store,
    world: makeWorld(directory, receivers),
    receivers,
    once: new Once(receivers, findings),
    feed: new FeedReader(),
    settled: [],
  }
  try {
    await work(run)
    await finish(run)
  } finally {
    await receivers.close()
  }
  findings.count('acknowledged changes', run.ledger.acknowledged)
}

export async function serve({ store, world, dying }: Run): Promise<Server> {
  const server = await startServer(store.location, { env: world.env, flags: ['--seed', world.seedFile] })
  // A port may be another one's again.
  dying.delete(server.url)
  return server
}

/** Kills them all at once. Until then each has to answer. */
export async function kill({ dying }: Run, ...servers: Server[]): Promise<void> {
  for (const { url } of servers) dying.add(url)
  await Promise.all(servers.map(server => server.stop('SIGKILL')))
}

/** Every server is dead: looks at what is left, and lets time go by. */
export async function inspect(run: Run): Promise<void> {
  const { store, once, ledger, findings } = run
  await store.quiet()
  await once.noteDeath(store)
  await once.check(store)
  run.settled = await checkStore(store, ledger, findings)
  await passTime(store, run)
}

/** Asks a server that has just started again for what was in doubt. */
export async function resume(run: Run, { url }: Server): Promise<void> {
  await askAgain(url, run, run.settled)
  run.settled = []
}

/** A server that recovers has nothing to complain of. */
export function noteLog(server: Server, findings: Findings): void {
  const complaints = server.log().filter(({ level }) => level === 'error' || level === 'fatal')
  for (const line of complaints) findings.fail(`the log says ${JSON.stringify(line)}`)
}

/** What is due is sent, what has to expire or be purged is, and the server stops well. */
async function finish(run: Run): Promise<void> {
  const { store, findings, once, ledger, receivers } = run
  receivers.takeAll()
  for (let drains = 0; ; drains++) {
    const server = await serve(run)
    await resume(run, server)
    if (drains === 0) await forgetEach(server.url, run)
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

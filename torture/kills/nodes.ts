// Several servers on one PostgreSQL: killed one by one under load, and all together; and PostgreSQL itself.

import { setTimeout } from 'node:timers/promises'
import type { Postgres } from '../../bench/stores/postgres.ts'
import type { Findings } from '../findings.ts'
import type { Random } from '../random.ts'
import type { Server } from '../server.ts'
import { loadUntil } from './load.ts'
import { type Extent, inspect, kill, noteLog, type Run, resume, serve, throughout } from './run.ts'
import { postgresStore, type Row } from './stores.ts'
import { Wire } from './wire.ts'

/** One whose whole server may not be killed has no `halt`. */
type DatabaseToKill = Pick<Postgres, 'url'> & Partial<Pick<Postgres, 'halt' | 'start'>>

const NODES = 3
const LIFE_MIN_MS = 60
/** How long a server may take to notice that its database is back. */
const BACK_MS = 20_000
const POLL_MS = 25

export async function tortureNodes(
  directory: string,
  database: DatabaseToKill,
  extent: Extent & { crashes: number },
  random: Random,
  findings: Findings,
): Promise<void> {
  const store = postgresStore(database.url)
  await throughout({ directory, store, refused: extent.refused, random, findings }, async run => {
    for (let kills = 0; kills < extent.kills; kills += NODES) {
      const servers = await started(run)
      await underLoad(run, servers, extent, () => killOneByOne(run, servers, extent.lifeMaxMs))
      for (const server of servers) noteLog(server, findings)
      await inspect(run)
    }
    for (let crash = 0; crash < extent.crashes; crash++) {
      const servers = await started(run)
      await underLoad(run, servers, extent, () => crashDatabase(run, servers, database, crash, extent.lifeMaxMs))
      await inspect(run)
    }
  })
}

/** All at the same moment. */
async function started(run: Run): Promise<Server[]> {
  const servers = await Promise.all(Array.from({ length: NODES }, () => serve(run)))
  await resume(run, servers[0] as Server)
  return servers
}

async function underLoad(run: Run, servers: Server[], { clients, lifeMaxMs }: Extent, ordeal: () => Promise<void>) {
  const urls = servers.map(({ url }) => url)
  const last = servers.at(-1) as Server
  const reading = run.feed.follow(last.url, AbortSignal.timeout(lifeMaxMs))
  await loadUntil(urls, clients, run, ordeal())
  await reading
}

/** The last two at the same moment. Each leaves the others its work. */
async function killOneByOne(run: Run, [first, ...others]: Server[], lifeMaxMs: number) {
  const { random, once, store, findings } = run
  await setTimeout(random.between(LIFE_MIN_MS, lifeMaxMs / 2))
  if (first) await kill(run, first)
  await once.noteDeath(store)
  await setTimeout(random.between(LIFE_MIN_MS, lifeMaxMs / 2))
  await kill(run, ...others)
  findings.count('kills of nodes under load', NODES)
}

/** A process of PostgreSQL's is killed, which makes it start anew by itself; or all of it is. The servers stay. */
async function crashDatabase(run: Run, servers: Server[], database: DatabaseToKill, crash: number, lifeMaxMs: number) {
  const { random, findings, store, once } = run
  await setTimeout(random.between(LIFE_MIN_MS, lifeMaxMs / 2))
  for (const { url } of servers) run.dying.add(url)
  if (crash % 3 === 0) process.kill(await aBackend(run), 'SIGKILL')
  else {
    await database.halt?.(crash % 3 === 1 ? 'SIGQUIT' : 'SIGKILL')
    await database.start?.()
  }
  findings.count('kills of PostgreSQL under load')
  const areBack = await Promise.all(servers.map(isBack))
  for (const server of servers.filter((_, place) => !areBack[place])) {
    findings.fail(`a server was not ready ${BACK_MS} ms after its database was back: ${server.said().slice(-2000)}`)
  }
  await once.noteDeath(store)
  await setTimeout(random.between(LIFE_MIN_MS, lifeMaxMs / 2))
  await kill(run, ...servers)
  findings.count('kills of nodes under load', NODES)
}

async function aBackend({ store, random }: Run): Promise<number> {
  const [backends = []] = await store.read(
    `select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()
     and datname = current_database()`,
  )
  return Number(random.pick<Row>(backends).pid)
}

/** It says so by itself, without a restart. */
async function isBack(server: Server): Promise<boolean> {
  const wire = new Wire(server.url)
  const end = performance.now() + BACK_MS
  let reply = await wire.send({ method: 'GET', path: '/ready', headers: {} })
  while (reply?.status !== 200 && performance.now() < end) {
    await setTimeout(POLL_MS)
    reply = await wire.send({ method: 'GET', path: '/ready', headers: {} })
  }
  wire.close()
  return reply?.status === 200
}

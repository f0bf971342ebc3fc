// PostgreSQL goes away under load, in every way that it can, and comes back; or stays, and refuses.

import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { startProxy } from '../../test/proxy.ts'
import { type PostgresServer, startPostgresServer } from './postgres-server.ts'
import { type Scene, type Surroundings, startScene } from './scene.ts'
import { checkStored } from './stored.ts'
import { writeSeed } from './world.ts'

/** So long it is away, in the long form. */
const AWAY_MS = 10_000
/** Of a statement; no request may take much longer than the few that it waits for. */
const TIMEOUT_MS = 1000
const SLOWEST_MS = 12_000
const CONFIG = `postgres: { poolMax: 4, statementTimeoutMs: ${TIMEOUT_MS} }\n`
const FULL = /the database has no connection left|no connection to the database came free/
const AWAY = /the database (does not answer|is shutting down|is starting up|ended our)|no connection to the database/

/** What a database can refuse with, by SQLSTATE, and what is said of it on /ready where it lasts. */
const REFUSALS: [state: string, lasting: RegExp | undefined][] = [
  ['53100', /the disk of the database is full/],
  ['58030', /the database cannot read or write its disk/],
  ['40P01', undefined],
  ['40001', undefined],
  ['55P03', undefined],
  ['57014', undefined],
  ['53200', undefined],
]

type Proxy = Awaited<ReturnType<typeof startProxy>>

interface Stage {
  scene: Scene
  postgres: PostgresServer
  proxy: Proxy
}

export async function loseDatabase(surroundings: Surroundings, directory: string): Promise<void> {
  const { findings } = surroundings
  mkdirSync(directory)
  const postgres = await startPostgresServer(directory)
  const proxy = await startProxy(postgres.url)
  const home = join(directory, 'home')
  const config = join(directory, 'config.yaml')
  writeFileSync(config, CONFIG)
  const env = {
    UNDERSTUDY_CONFIG: config,
    UNDERSTUDY_HOME: home,
    UNDERSTUDY_MASTER_KEY: randomBytes(32).toString('base64'),
  }
  await using scene = await startScene(surroundings, proxy.url, { env, flags: ['--seed', writeSeed(directory)] })
  const stage = { scene, postgres, proxy }
  const { load } = scene
  await load.more('acknowledged', 30)
  await cutTheWay(surroundings, stage)
  await stopTheServer(surroundings, stage)
  await refuseConnections(surroundings, stage)
  await takeNoWrites(surroundings, stage)
  await refuseStatements(surroundings, stage)
  if (load.slowestMs > SLOWEST_MS)
    findings.fail(`a request is answered within ${SLOWEST_MS} ms, and took ${load.slowestMs}`)
  await scene.end()
  await checkStored(findings, { data: postgres.url, env, changes: load.changes, inDoubt: true })
  proxy.close()
}

/** It is back when changes are acknowledged and /ready says so. */
async function assertBack({ scene }: Stage, after: string): Promise<void> {
  await scene.load.more('acknowledged', 30)
  await scene.ready(`a database that is back after ${after} is told on /ready`)
}

async function cutTheWay({ findings, quick }: Surroundings, stage: Stage): Promise<void> {
  const { scene, proxy } = stage
  for (const way of ['shut', 'silent', 'mute'] as const) {
    for (let round = 0; round < (quick ? 1 : 2); round++) {
      proxy.set(way)
      await scene.load.more('refused', 8)
      await scene.ready(`a database whose way is ${way} is told on /ready`, AWAY)
      if (!quick && round === 0) await setTimeout(AWAY_MS)
      proxy.set('open')
      await assertBack(stage, way)
      findings.count('ways to the database cut')
    }
  }
  for (let round = 0; round < (quick ? 2 : 15); round++) {
    proxy.muteAt('commit')
    await scene.load.more('refused', 1)
    proxy.set('open')
    await scene.load.more('acknowledged', 5)
    findings.count('commits whose answer was lost')
  }
}

async function stopTheServer({ findings, quick }: Surroundings, stage: Stage): Promise<void> {
  const { scene, postgres } = stage
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    await postgres.halt(signal)
    await scene.load.more('refused', 8)
    await scene.ready('a database that was stopped is told on /ready', AWAY)
    if (!quick) await setTimeout(AWAY_MS)
    await postgres.start()
    await assertBack(stage, `a stop (${signal})`)
    findings.count('databases stopped and started')
  }
  for (let round = 0; round < (quick ? 2 : 20); round++) {
    await postgres.terminate()
    await scene.load.more('acknowledged', 10)
    findings.count('times that all connections were ended')
  }
}

async function refuseConnections({ findings }: Surroundings, stage: Stage): Promise<void> {
  const { scene, postgres } = stage
  await postgres.limitConnections(0)
  await postgres.terminate()
  await scene.load.more('refused', 8)
  // The database is there for others: it is not called away, and each refused request's line says why.
  await scene.ready('a database without a connection left is told on /ready', FULL, ({ msg }) => msg === 'request')
  await postgres.limitConnections(-1)
  await assertBack(stage, 'too many connections')
  findings.count('databases without a connection left')
}

/** As after a failover, when our connections lead to what is a copy now: they are not used for ever. */
async function takeNoWrites({ findings }: Surroundings, stage: Stage): Promise<void> {
  const { scene, postgres } = stage
  await postgres.takeWrites(false)
  await postgres.terminate()
  await scene.load.more('refused', 20)
  await scene.ready('a database that takes no writes is told on /ready', /the database takes no writes/)
  await postgres.takeWrites(true)
  await assertBack(stage, 'a failover')
  findings.count('databases that took no writes')
}

/** A trigger refuses what stores an event, as the database would; reads go on. */
async function refuseStatements({ findings, quick }: Surroundings, stage: Stage): Promise<void> {
  const { scene, postgres } = stage
  for (const [state, lasting] of REFUSALS) {
    await postgres.query(
      `create or replace function refuse() returns trigger language plpgsql as
        $$ begin raise exception 'refused' using errcode = '${state}'; end $$;
      create trigger refuse before insert on events for each row execute function refuse()`,
    )
    await scene.load.more('refused', quick ? 8 : 60)
    scene.load.readsMustPass = true
    await scene.load.more('refused', quick ? 8 : 60)
    if (lasting) await scene.ready(`a database that refuses with ${state} is told on /ready`, lasting)
    scene.load.readsMustPass = false
    await postgres.query('drop trigger refuse on events')
    await assertBack(stage, state)
    findings.count('errors of the database, by their code')
  }
}

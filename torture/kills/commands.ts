// Commands that are killed at random moments: what each makes is there whole or not at all, what it works on stays good,
// and the same command again does what is left.

import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Findings } from '../findings.ts'
import type { Random } from '../random.ts'
import { startServer } from '../server.ts'
import { BOOKS, differencesIn } from './books.ts'
import { command, type Ended } from './command.ts'
import { postgresStore, type Store, sqliteStore } from './stores.ts'
import { Wire } from './wire.ts'

export interface Surroundings {
  /** Empty. */
  directory: string
  /** A data directory on which nobody works: its store, and its master key. */
  base: string
  /** Gives the URL of another empty database. */
  emptyDatabase(): Promise<string>
  /** Of each command. */
  kills: number
  random: Random
  findings: Findings
}

/** Of how long a command takes: most of the time nothing is changed yet. */
const KILLED_FROM = 0.4
const KILLED_UNTIL = 1.05
const SEEDED = 300

export async function tortureCommands(surroundings: Surroundings): Promise<void> {
  for (const torture of [backups, restores, rotations, seeds, moves, firstStarts]) await torture(surroundings)
}

/** Runs a command that nobody kills: how long does it take? Then as often as wanted one that is killed. */
async function killing(
  { kills, random, findings }: Surroundings,
  name: string,
  trial: (turn: number, run: (argv: string[], env?: NodeJS.ProcessEnv) => Promise<Ended>) => Promise<void>,
): Promise<void> {
  let usualMs: number | undefined
  for (let turn = 0; turn <= kills; turn++) {
    await trial(turn, async (argv, env = {}) => {
      if (usualMs === undefined) {
        const ended = await command(argv, env)
        if (ended.code !== 0) findings.fail(`${name}, which nobody killed, ended with ${ended.code}: ${ended.output}`)
        usualMs = ended.ms
        return ended
      }
      const killAfterMs = usualMs * (KILLED_FROM + random.next() * (KILLED_UNTIL - KILLED_FROM))
      const ended = await command(argv, env, killAfterMs)
      findings.count(`kills of ${name}${ended.code === null ? '' : ' that came too late'}`)
      return ended
    })
  }
}

/** Runs what was killed again, if it left nothing; it has to be refused where all is there. */
async function again(found: boolean, argv: string[], env: NodeJS.ProcessEnv, findings: Findings): Promise<void> {
  const ended = await command(argv, env)
  if ((ended.code === 0) === found) findings.fail(`${argv.join(' ')}, again, ended with ${ended.code}: ${ended.output}`)
}

/** Events of the store, by which two are known as the same, and whether log and rows agree. */
async function logOf(store: Store, findings: Findings): Promise<string[]> {
  for (const found of await store.damage()) findings.fail(`${store.location} is damaged: ${found}`)
  const tables = await store.read(...BOOKS)
  for (const difference of differencesIn(tables)) findings.fail(`${store.location}: ${difference}`)
  return (tables[0] ?? []).map(({ id, type }) => `${type} ${id}`)
}

/** The store has to hold what another held, and `more` after it. */
async function compare(store: Store, log: string[], more: string[], findings: Findings): Promise<void> {
  const found = await logOf(store, findings)
  const rest = found.slice(log.length).map(line => line.split(' ')[0])
  if (found.slice(0, log.length).join() === log.join() && rest.join() === more.join()) return
  findings.fail(
    `${store.location} holds ${found.length} events, ${rest} at its end; ${log.length} and ${more} were to be`,
  )
}

function copyOf({ base, directory }: Surroundings, name: string): string {
  const copy = join(directory, name)
  cpSync(base, copy, { recursive: true })
  return copy
}

async function backups(surroundings: Surroundings): Promise<void> {
  const { base, directory, findings } = surroundings
  const log = await logOf(sqliteStore(base), findings)
  await killing(surroundings, 'backup', async (turn, run) => {
    const file = join(directory, `backup-${turn}.db`)
    const argv = ['backup', file, '--data', base]
    await run(argv)
    if (!existsSync(file)) await again(false, argv, {}, findings)
    const restored = homeOf(surroundings, `of-backup-${turn}`)
    await again(false, ['restore', file, '--data', restored], {}, findings)
    await compare(sqliteStore(restored), log, ['store.restored'], findings)
  })
}

/** A directory with nothing but the master key. */
function homeOf({ base, directory }: Surroundings, name: string): string {
  const home = join(directory, name)
  mkdirSync(home)
  cpSync(join(base, 'master.key'), join(home, 'master.key'))
  return home
}

async function restores(surroundings: Surroundings): Promise<void> {
  const { base, directory, findings, emptyDatabase } = surroundings
  const log = await logOf(sqliteStore(base), findings)
  const file = join(directory, 'backup-0.db')
  await killing(surroundings, 'restore', async (turn, run) => {
    const target = homeOf(surroundings, `restored-${turn}`)
    const argv = ['restore', file, '--data', target]
    await run(argv)
    await again(existsSync(join(target, 'understudy.db')), argv, {}, findings)
    await compare(sqliteStore(target), log, ['store.restored'], findings)
  })
  await killing(surroundings, 'restore into PostgreSQL', async (_, run) => {
    const store = postgresStore(await emptyDatabase())
    const argv = ['restore', file, '--data', store.location]
    await run(argv, { UNDERSTUDY_HOME: base })
    await again(await hasTables(store), argv, { UNDERSTUDY_HOME: base }, findings)
    await compare(store, log, ['store.restored'], findings)
  })
}

async function hasTables(store: Store): Promise<boolean> {
  await store.quiet()
  const [tables = []] = await store.read("select 1 as found from pg_tables where schemaname = 'public'")
  return tables.length > 0
}

async function rotations(surroundings: Surroundings): Promise<void> {
  const { findings } = surroundings
  const copy = copyOf(surroundings, 'rotated')
  await killing(surroundings, 'rotate-master', async (_, run) => {
    await run(['keys', 'rotate-master', '--data', copy])
    const verified = await command(['events', 'verify', '--data', copy], {})
    if (verified.code !== 0) findings.fail(`no key opens the store that was rotated: ${verified.output}`)
  })
  await again(false, ['keys', 'rotate-master', '--data', copy], {}, findings)
  const left = readdirSync(copy).filter(name => name.includes('.next') || name.startsWith('.master'))
  if (left.length > 0) findings.fail(`a rotation that was completed left ${left}`)
  await logOf(sqliteStore(copy), findings)
}

async function seeds(surroundings: Surroundings): Promise<void> {
  const { directory, findings } = surroundings
  const file = join(directory, 'more.yaml')
  const accounts = Array.from({ length: SEEDED }, (_, index) => `    - { email: seeded${index}@kills.test }`)
  writeFileSync(file, `aftership:\n  accounts:\n${accounts.join('\n')}\n`)
  await killing(surroundings, 'seed', async (turn, run) => {
    const copy = copyOf(surroundings, `seeded-${turn}`)
    const argv = ['seed', file, '--data', copy]
    const store = sqliteStore(copy)
    const count = async () =>
      (await store.read("select 1 from aftership_accounts where email like 'seeded%'")).flat().length
    await run(argv)
    const found = await count()
    if (found !== 0 && found !== SEEDED) findings.fail(`a seed that was killed left ${found} of ${SEEDED} accounts`)
    await again(found > 0, argv, {}, findings)
    if ((await count()) !== SEEDED) findings.fail(`a seed, again, left ${await count()} of ${SEEDED} accounts`)
    await logOf(store, findings)
  })
}

async function moves(surroundings: Surroundings): Promise<void> {
  const { base, findings, emptyDatabase } = surroundings
  const log = await logOf(sqliteStore(base), findings)
  await killing(surroundings, 'migrate-store', async (_, run) => {
    const store = postgresStore(await emptyDatabase())
    const argv = ['migrate-store', '--from', base, '--to', store.location]
    await run(argv)
    await again(await hasTables(store), argv, {}, findings)
    await compare(store, log, [], findings)
  })
  await compare(sqliteStore(base), log, [], findings)
}

/** Without a seed of ours: the keys are made, and shown once. Whenever there is a store they have to be known. */
async function firstStarts({ directory, kills, random, findings }: Surroundings): Promise<void> {
  const startedAt = performance.now()
  await (await startServer(join(directory, 'first'))).stop()
  const usualMs = performance.now() - startedAt
  for (let turn = 0; turn < kills; turn++) {
    const data = join(directory, `first-${turn}`)
    const killAfterMs = usualMs * (KILLED_FROM / 2 + random.next() * KILLED_UNTIL)
    await command(['serve', '--data', data, '--port', '0'], {}, killAfterMs)
    findings.count('kills of a first start')
    const server = await startServer(data)
    const { samples } = JSON.parse(readFileSync(join(data, 'environment.json'), 'utf8'))
    const headers = { authorization: `Bearer ${samples.control?.token}` }
    const wire = new Wire(server.url)
    const reply = await wire.send({ method: 'GET', path: '/understudy/v1/events', headers })
    wire.close()
    await server.stop()
    const store = sqliteStore(data)
    const [tokens = []] = await store.read("select 1 from credentials where vendor = 'understudy'")
    const wrong = [
      ...(await store.damage()),
      ...(reply?.status === 200 ? [] : [`its token is answered ${reply?.status}`]),
    ]
    if (tokens.length !== 1) wrong.push(`there are ${tokens.length} tokens`)
    for (const found of wrong) findings.fail(`after a first start that was killed after ${killAfterMs} ms: ${found}`)
  }
}

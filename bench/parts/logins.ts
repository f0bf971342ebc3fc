// Memberstack logins over HTTP against argon2id alone on the same cores, at the server's cost and as many hashes at once,
// and what a read takes beside logins. Both have all cores, in turn, and so has the load. Logins come over 16
// connections, so that there is always one that waits; reads are sent at fixed times, whether or not the ones before are
// answered.

import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readConfig } from '../../src/config.ts'
import { createPasswords } from '../../src/platform/passwords.ts'
import { Connection, expect, request } from '../connection.ts'
import { cpuSeconds, machineSeconds } from '../cores.ts'
import { atLeast, atMost, type Line } from '../lines.ts'
import { memoryOf } from '../memory.ts'
import { median, percentile, spread } from '../numbers.ts'
import { runPart } from '../part.ts'
import { type ServerProcess, start, startUnderstudy } from '../server-process.ts'
import { emailOf, idOf } from '../stores/member-rows.ts'
import { makeMemberStore } from '../stores/members.ts'

const MEMBERS = 400
const CONNECTIONS = 16
const ROUNDS = 7
const ROUND_MS = 3000
const ROUND_QUICK_MS = 1000
const IDLE_MS = 1000
const READ_EVERY_MS = 50
const RATIO_MIN = 0.8
const READ_MAX_MS = 50
/** Of the machine: what others may use in a round that counts. */
const OTHERS_MAX = 0.1
const UNDISTURBED_MIN = 3

const { passwords: settings } = await readConfig({}, {})

interface Phase {
  perSecond: number
  /** Of the process, for one; NaN where it cannot be measured, as are the shares below. */
  cpuMs: number
  busy: number
  others: number
}

interface Round {
  alone: Phase
  logins: Phase
  /** Milliseconds that each read took. */
  idleReads: number[]
  readsBeside: number[]
}

interface Setting {
  alone: ServerProcess
  server: ServerProcess
  secretKey: string
  /** One connection for each public key: the client API's limit is for each key. */
  publicKeys: string[]
  visitors: Connection[]
}

await runPart(async ({ directory, quick }) => {
  const ms = quick ? ROUND_QUICK_MS : ROUND_MS
  const setting = await prepare(join(directory, 'data'))
  // Of the first, nothing counts: code is compiled and caches fill.
  await round(setting, ms)
  const rounds: Round[] = []
  while (rounds.length < (quick ? UNDISTURBED_MIN : ROUNDS)) rounds.push(await round(setting, ms))
  const { mostMiB } = memoryOf(setting.server.pid)
  for (const connection of setting.visitors) connection.close()
  await Promise.all([setting.alone.stop(), setting.server.stop()])
  return linesOf(rounds, mostMiB)
})

async function prepare(directory: string): Promise<Setting> {
  const { hash } = createPasswords(settings)
  const passwordHashes = await Promise.all(Array.from({ length: MEMBERS }, (_, n) => hash(passwordOf(n))))
  const store = await makeMemberStore(directory, MEMBERS, { publicKeys: CONNECTIONS, passwordHashes })
  const server = await startUnderstudy(directory, { cores: 'all' })
  const { secretKey, publicKeys } = store
  return {
    alone: await start(['servers/argon2-alone.ts'], { cores: 'all' }),
    server,
    secretKey,
    publicKeys,
    visitors: await Promise.all(publicKeys.map(() => Connection.open(server.url))),
  }
}

function passwordOf(n: number): string {
  return `the password of member ${n}`
}

/** argon2id alone, then reads alone, then logins with reads beside them. */
async function round(setting: Setting, ms: number): Promise<Round> {
  const { alone, server } = setting
  const hashing = await phase(setting, alone, () => hashesPerSecond(alone, ms))
  const [idleReads] = await withReads(setting, () => sleep(IDLE_MS))
  const [readsBeside, logins] = await withReads(setting, () =>
    phase(setting, server, () => loginsPerSecond(setting, ms)),
  )
  return { alone: hashing, logins, idleReads, readsBeside }
}

/** Lets `work` count what one of the processes does in a second, and looks at the processor time that is used. */
async function phase(setting: Setting, { pid }: ServerProcess, work: () => Promise<number>): Promise<Phase> {
  const before = { own: cpuSeconds(pid), ours: ourSeconds(setting), machine: machineSeconds(), at: performance.now() }
  const perSecond = await work()
  const seconds = (performance.now() - before.at) / 1000
  const own = (cpuSeconds(pid) - before.own) / seconds
  const others = machineSeconds() - before.machine - (ourSeconds(setting) - before.ours)
  return {
    perSecond,
    cpuMs: (own / perSecond) * 1000,
    busy: own / settings.concurrency,
    // What the system counts in ticks may come out below nothing.
    others: Math.max(0, others / seconds / availableParallelism()),
  }
}

function ourSeconds({ alone, server }: Setting): number {
  const { user, system } = process.cpuUsage()
  return cpuSeconds(alone.pid) + cpuSeconds(server.pid) + (user + system) / 1e6
}

async function hashesPerSecond({ url }: ServerProcess, ms: number): Promise<number> {
  const response = await fetch(`${url}/?ms=${ms}`)
  return Number(await response.text())
}

async function loginsPerSecond({ visitors, publicKeys }: Setting, ms: number): Promise<number> {
  const startedAt = performance.now()
  let made = 0
  const visit = async (connection: Connection, key: string) => {
    while (performance.now() - startedAt < ms) {
      const member = made++ % MEMBERS
      const login = { email: emailOf(member), password: passwordOf(member) }
      await expect(200, connection, request('POST', '/auth/login', { 'x-api-key': key }, login))
    }
  }
  await Promise.all(visitors.map((connection, index) => visit(connection, publicKeys[index] ?? '')))
  return (made * 1000) / (performance.now() - startedAt)
}

/** How long each of many reads took while `work` ran, and what came of `work`. */
async function withReads<T>(setting: Setting, work: () => Promise<T>): Promise<[number[], T]> {
  const times: Promise<number>[] = []
  const timer = setInterval(() => times.push(read(setting, times.length)), READ_EVERY_MS)
  const result = await work().finally(() => clearInterval(timer))
  return [await Promise.all(times), result]
}

/** On a connection of its own: it does not wait for the one before. */
async function read({ server, secretKey }: Setting, n: number): Promise<number> {
  const connection = await Connection.open(server.url)
  const path = `/members/${idOf(Math.floor(spread(n) * MEMBERS))}`
  const startedAt = performance.now()
  await expect(200, connection, request('GET', path, { 'x-api-key': secretKey }))
  const ms = performance.now() - startedAt
  connection.close()
  return ms
}

function isUndisturbed({ alone, logins }: Round): boolean {
  return !(Math.max(alone.others, logins.others) > OTHERS_MAX)
}

/** Without enough undisturbed rounds: by processor time, and all reads count. */
function linesOf(rounds: Round[], memoryMiB: number): Line[] {
  const undisturbed = rounds.filter(isUndisturbed)
  const quiet = undisturbed.length >= UNDISTURBED_MIN
  const counted = quiet ? undisturbed : rounds
  const ratio = median(
    counted.map(({ alone, logins }) => (quiet ? logins.perSecond / alone.perSecond : alone.cpuMs / logins.cpuMs)),
  )
  const of = quiet ? 'argon2id alone' : 'argon2id alone, by CPU time'
  const alone = phaseLine(
    'argon2id alone',
    'hash',
    counted.map(({ alone }) => alone),
  )
  const logins = phaseLine(
    'Understudy, SQLite',
    'login',
    counted.map(({ logins }) => logins),
  )
  return [
    alone,
    { ...logins, rssMiB: memoryMiB, ratio, of, bound: atLeast('ratio', ratio, RATIO_MIN) },
    readLine(
      'read beside nothing',
      counted.flatMap(({ idleReads }) => idleReads),
    ),
    readLine(
      'read beside logins',
      counted.flatMap(({ readsBeside }) => readsBeside),
      READ_MAX_MS,
    ),
  ]
}

function phaseLine(contender: string, operation: string, phases: Phase[]): Line {
  const perSecond = median(phases.map(({ perSecond }) => perSecond))
  return { contender, operation, perSecond, cpuUs: median(phases.map(({ cpuMs }) => cpuMs)) * 1000 }
}

function readLine(operation: string, times: number[], mostMs?: number): Line {
  const p99Ms = percentile(times, 0.99)
  const bound = mostMs === undefined ? undefined : atMost('p99', Math.ceil(p99Ms), mostMs)
  return { contender: 'Understudy, SQLite', operation, p50Ms: median(times), p99Ms, bound }
}

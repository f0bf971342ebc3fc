// Measures logins over HTTP against argon2id alone on the same cores, and what `GET /members/:id` takes beside them.
//
// Run: `node bench/memberstack-logins.ts`, about two minutes. argon2id alone is a process that makes hashes at the
// server's cost, as many at once as the server, and does nothing else. Both have all cores, in turn, round by round; the
// load comes from this process, on the same cores. Each of 400 members has a password hash of its own; logins come over
// 16 connections, one at a time on each, so that there is always one that waits. Reads are sent at fixed times, whether
// or not the ones before are answered.
//
// How to read it: `a second` is hashes or logins; `CPU ms` the processor time of the process for one; `busy` the share
// that the process used of as many cores as hash at once; `others` what processes that have no part in this used of the
// machine. `ratio` is logins against hashes, the median over the rounds. A round that others disturbed says little: it is
// left out, and another is made, up to four minutes of them. With fewer than three left, the ratio is that of CPU ms,
// and all reads count. Their times are seen by the client; `idle` shows them without logins beside them. The bounds: a
// ratio of 0.8; reads beside logins take less than 50 ms by the 99th percentile. Exit code 1 if one is broken.

import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../src/config.ts'
import { createPasswords } from '../src/platform/passwords.ts'
import { boundedRun, verdict } from './bounded-run.ts'
import { type Client, connect } from './client.ts'
import { cpuSeconds, machineSeconds } from './cores.ts'
import { emailOf, idOf } from './member-rows.ts'
import { makeMemberStore } from './member-store.ts'
import { median, percentile, spread, table } from './numbers.ts'
import { type ServerProcess, start, startUnderstudy } from './server-process.ts'

const MEMBERS = 400
const CONNECTIONS = 16
/** Undisturbed ones are wanted, and how many are made at most to get them. */
const ROUNDS = 7
const ROUNDS_MAX = 20
const ROUND_MS = Number(process.argv[2] ?? 5000)
const IDLE_MS = 2000
const READ_EVERY_MS = 50
const RATIO_MIN = 0.8
const READ_MAX_MS = 50
/** Of the machine: what others may use in a round that counts. */
const OTHERS_MAX = 0.1
const UNDISTURBED_MIN = 3
const LIMIT_MS = 420_000

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
  /** With the secret key. */
  admin: Client
  /** One for each connection, with a public key of its own: the client API's limit is for each key. */
  visitors: Client[]
}

await boundedRun(LIMIT_MS, async directory => {
  const setting = await prepare(join(directory, 'data'))
  // Of the first, nothing counts: code is compiled and caches fill.
  await round(setting)
  const rounds: Round[] = []
  while (rounds.length < ROUNDS_MAX && rounds.filter(isUndisturbed).length < ROUNDS) rounds.push(await round(setting))
  for (const client of [setting.admin, ...setting.visitors]) client.close()
  await Promise.all([setting.alone.stop(), setting.server.stop()])
  return report(rounds)
})

async function prepare(directory: string): Promise<Setting> {
  const { hash } = createPasswords(settings)
  const passwordHashes = await Promise.all(Array.from({ length: MEMBERS }, (_, n) => hash(passwordOf(n))))
  const store = await makeMemberStore(directory, MEMBERS, { publicKeys: CONNECTIONS, passwordHashes })
  const server = await startUnderstudy(directory, { cores: 'all' })
  return {
    alone: await start(['argon2-alone.ts'], { cores: 'all' }),
    server,
    admin: connect(server.url, { 'x-api-key': store.secretKey }),
    visitors: store.publicKeys.map(key => connect(server.url, { 'x-api-key': key })),
  }
}

function passwordOf(n: number): string {
  return `the password of member ${n}`
}

/** argon2id alone, then reads alone, then logins with reads beside them. */
async function round(setting: Setting): Promise<Round> {
  const { alone, server, admin, visitors } = setting
  const hashing = await phase(setting, alone, () => hashesPerSecond(alone))
  const [idleReads] = await withReads(admin, () => new Promise(resolve => setTimeout(resolve, IDLE_MS)))
  const [readsBeside, logins] = await withReads(admin, () => phase(setting, server, () => loginsPerSecond(visitors)))
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

async function hashesPerSecond({ url }: ServerProcess): Promise<number> {
  const response = await fetch(`${url}/?ms=${ROUND_MS}`)
  return Number(await response.text())
}

async function loginsPerSecond(visitors: readonly Client[]): Promise<number> {
  const startedAt = performance.now()
  let made = 0
  const visit = async (client: Client) => {
    while (performance.now() - startedAt < ROUND_MS) {
      const member = made++ % MEMBERS
      await client.call(200, 'POST', '/auth/login', { email: emailOf(member), password: passwordOf(member) })
    }
  }
  await Promise.all(visitors.map(visit))
  return (made * 1000) / (performance.now() - startedAt)
}

/** How long each of many reads took while `work` ran, and what came of `work`. */
async function withReads<T>(admin: Client, work: () => Promise<T>): Promise<[number[], T]> {
  const times: Promise<number>[] = []
  const timer = setInterval(() => times.push(read(admin, times.length)), READ_EVERY_MS)
  const result = await work().finally(() => clearInterval(timer))
  return [await Promise.all(times), result]
}

async function read(admin: Client, n: number): Promise<number> {
  const startedAt = performance.now()
  await admin.call(200, 'GET', `/members/${idOf(Math.floor(spread(n) * MEMBERS))}`)
  return performance.now() - startedAt
}

function isUndisturbed({ alone, logins }: Round): boolean {
  return !(Math.max(alone.others, logins.others) > OTHERS_MAX)
}

function report(rounds: Round[]): boolean {
  const each = rounds.map(({ alone, logins }) => (logins.perSecond / alone.perSecond).toFixed(2))
  console.log(`logins against hashes, round by round: ${each.join(' ')}`)
  const undisturbed = rounds.filter(isUndisturbed)
  console.log(`${settings.concurrency} hashes at once; undisturbed rounds: ${undisturbed.length} of ${rounds.length}`)
  const quiet = undisturbed.length >= UNDISTURBED_MIN
  if (!quiet) console.log('the machine was busy: all rounds count')
  const counted = quiet ? undisturbed : rounds
  const kept = [reportLogins(counted, quiet), reportReads(counted)]
  return kept.every(Boolean)
}

function reportLogins(rounds: Round[], quiet: boolean): boolean {
  const byTime = median(rounds.map(({ alone, logins }) => logins.perSecond / alone.perSecond))
  const byCpu = median(rounds.map(({ alone, logins }) => alone.cpuMs / logins.cpuMs))
  const alone = rounds.map(({ alone }) => alone)
  const logins = rounds.map(({ logins }) => logins)
  const header = ['', 'a second', 'CPU ms', 'busy', 'others']
  const ratios = ['ratio', byTime.toFixed(3), byCpu.toFixed(3), '', '']
  console.log(table([header, lineOf('argon2id alone', alone), lineOf('logins', logins), ratios]))
  const measure = quiet ? 'the hashes a second' : 'the hashes a second of CPU time'
  return verdict((quiet ? byTime : byCpu) >= RATIO_MIN, `logins are at least ${RATIO_MIN} of ${measure}`)
}

function lineOf(name: string, phases: Phase[]): string[] {
  return [
    name,
    median(phases.map(({ perSecond }) => perSecond)).toFixed(1),
    median(phases.map(({ cpuMs }) => cpuMs)).toFixed(1),
    percent(median(phases.map(({ busy }) => busy))),
    percent(median(phases.map(({ others }) => others))),
  ]
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}

function reportReads(rounds: Round[]): boolean {
  const header = ['GET /members/:id, ms', 'reads', 'median', '99 %', 'longest']
  const idle = rounds.flatMap(({ idleReads }) => idleReads)
  const beside = rounds.flatMap(({ readsBeside }) => readsBeside)
  console.log(table([header, readsLineOf('idle', idle), readsLineOf('beside logins', beside)]))
  return verdict(percentile(beside, 0.99) < READ_MAX_MS, `99 % of reads beside logins take under ${READ_MAX_MS} ms`)
}

function readsLineOf(name: string, times: number[]): string[] {
  const shown = [median(times), percentile(times, 0.99), Math.max(...times)].map(time => time.toFixed(1))
  return [name, String(times.length), ...shown]
}

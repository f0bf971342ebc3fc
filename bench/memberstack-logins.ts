// Measures logins over HTTP against argon2id alone on the same cores, and what `GET /members/:id` takes beside them.
//
// Run: `node bench/memberstack-logins.ts`, about two minutes. argon2id alone is a process that makes hashes at the
// server's cost, as many at once as the server, and does nothing else. Both have all cores, in turn, round by round; the
// load comes from this process, on the same cores. Each of 400 members has a password hash of its own; logins come over
// 16 connections, one at a time on each, so that there is always one that waits. Reads are sent at fixed times, whether
// or not the ones before are answered.
//
// How to read it: `a second` is hashes or logins; `CPU ms` the processor time of the process for one; `busy` the share
// that the process used of as many cores as hash at once. `ratio` is logins against hashes, the median over the rounds.
// A round in which argon2id alone did not have its cores to itself says little, and is left out; with fewer than three
// rounds left, the ratio is that of CPU ms. The reads' times are seen by the client; `idle` shows them with no logins
// beside them. The bounds: a ratio of 0.8; reads beside logins take 50 ms at most by the 99th percentile. Exit code 1
// if one is broken.

import { join } from 'node:path'
import { readConfig } from '../src/config.ts'
import { createPasswords } from '../src/platform/passwords.ts'
import { boundedRun } from './bounded-run.ts'
import { type Client, connect } from './client.ts'
import { cpuSeconds } from './cores.ts'
import { spread } from './in-turns.ts'
import { emailOf, idOf } from './member-rows.ts'
import { makeMemberStore } from './member-store.ts'
import { median, percentile, table } from './numbers.ts'
import { type ServerProcess, start, startUnderstudy } from './server-process.ts'

const MEMBERS = 400
const CONNECTIONS = 16
const ROUNDS = 7
const ROUND_MS = Number(process.argv[2] ?? 5000)
const IDLE_MS = 2000
const READ_EVERY_MS = 25
const RATIO_MIN = 0.8
const READ_MAX_MS = 50
/** argon2id alone that used less of its cores was held up by other processes. */
const BUSY_MIN = 0.9
const UNDISTURBED_MIN = 3
const LIMIT_MS = 300_000

const { passwords: settings } = await readConfig({}, {})

interface Phase {
  perSecond: number
  /** Of the process, for one; NaN where it cannot be measured, as is the share below. */
  cpuMs: number
  busy: number
}

interface Round {
  alone: Phase
  logins: Phase
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
  const { alone, server, admin, visitors } = setting
  const rounds: Round[] = []
  const idle: number[] = []
  const beside: number[] = []
  await round(setting, [], [])
  for (let n = 0; n < ROUNDS; n++) rounds.push(await round(setting, idle, beside))
  for (const client of [admin, ...visitors]) client.close()
  await Promise.all([alone.stop(), server.stop()])
  const kept = [reportLogins(rounds), reportReads(idle, beside)]
  return kept.every(Boolean)
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

/** argon2id alone, then reads alone, then logins with reads beside them; the reads' times are added to the lists. */
async function round({ alone, server, admin, visitors }: Setting, idle: number[], beside: number[]): Promise<Round> {
  const aloneDone = await phase(alone, () => hashesPerSecond(alone))
  idle.push(...(await readsDuring(admin, () => new Promise(resolve => setTimeout(resolve, IDLE_MS)))))
  let loginsDone: Phase | undefined
  const work = async () => {
    loginsDone = await phase(server, () => loginsPerSecond(visitors))
  }
  beside.push(...(await readsDuring(admin, work)))
  if (!loginsDone) throw new Error('no logins were made')
  return { alone: aloneDone, logins: loginsDone }
}

/** Lets `work` count what a process does in a second, and looks at the processor time that it takes. */
async function phase({ pid }: ServerProcess, work: () => Promise<number>): Promise<Phase> {
  const cpuBefore = cpuSeconds(pid)
  const startedAt = performance.now()
  const perSecond = await work()
  const busyCores = (cpuSeconds(pid) - cpuBefore) / ((performance.now() - startedAt) / 1000)
  return { perSecond, cpuMs: (busyCores / perSecond) * 1000, busy: busyCores / settings.concurrency }
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

/** How long each of many reads took while `work` ran. */
async function readsDuring(admin: Client, work: () => Promise<void>): Promise<number[]> {
  const times: Promise<number>[] = []
  const timer = setInterval(() => times.push(read(admin, times.length)), READ_EVERY_MS)
  try {
    await work()
  } finally {
    clearInterval(timer)
  }
  return Promise.all(times)
}

async function read(admin: Client, n: number): Promise<number> {
  const startedAt = performance.now()
  await admin.call(200, 'GET', `/members/${idOf(Math.floor(spread(n) * MEMBERS))}`)
  return performance.now() - startedAt
}

function reportLogins(rounds: Round[]): boolean {
  const undisturbed = rounds.filter(({ alone }) => !(alone.busy < BUSY_MIN))
  const byTime = median(undisturbed.map(({ alone, logins }) => logins.perSecond / alone.perSecond))
  const byCpu = median(rounds.map(({ alone, logins }) => alone.cpuMs / logins.cpuMs))
  const header = ['', 'a second', 'CPU ms', 'busy']
  const ratios = ['ratio', undisturbed.length > 0 ? byTime.toFixed(3) : '', byCpu.toFixed(3), '']
  const lines = [
    lineOf(
      'argon2id alone',
      rounds.map(({ alone }) => alone),
    ),
    lineOf(
      'logins',
      rounds.map(({ logins }) => logins),
    ),
  ]
  console.log(table([header, ...lines, ratios]))
  console.log(`${settings.concurrency} hashes at once; undisturbed rounds: ${undisturbed.length} of ${ROUNDS}`)
  const enough = undisturbed.length >= UNDISTURBED_MIN
  const measure = enough ? 'the hashes a second' : 'the hashes a second of CPU time (the machine was busy)'
  return verdict((enough ? byTime : byCpu) >= RATIO_MIN, `logins are at least ${RATIO_MIN} of ${measure}`)
}

function lineOf(name: string, phases: Phase[]): string[] {
  return [
    name,
    median(phases.map(({ perSecond }) => perSecond)).toFixed(1),
    median(phases.map(({ cpuMs }) => cpuMs)).toFixed(1),
    `${(median(phases.map(({ busy }) => busy)) * 100).toFixed(0)} %`,
  ]
}

function reportReads(idle: number[], beside: number[]): boolean {
  const line = (name: string, times: number[]) => {
    const shown = [median(times), percentile(times, 0.99), Math.max(...times)].map(time => time.toFixed(1))
    return [name, String(times.length), ...shown]
  }
  const header = ['GET /members/:id, ms', 'reads', 'median', '99 %', 'longest']
  console.log(table([header, line('idle', idle), line('beside logins', beside)]))
  return verdict(percentile(beside, 0.99) < READ_MAX_MS, `reads beside logins take under ${READ_MAX_MS} ms at the 99 %`)
}

function verdict(kept: boolean, bound: string): boolean {
  console.log(`${kept ? 'kept' : 'BROKEN'}: ${bound}`)
  return kept
}

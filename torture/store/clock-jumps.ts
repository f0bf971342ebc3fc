// The clock of a server under load jumps by an hour, forwards and backwards: limits, tokens, signatures, webhooks and seals
// go on as they should. At the end it jumps past every pause, so that nothing waits any longer.

import { createHmac, randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { jsonOf } from './client.ts'
import { runCommand } from './command.ts'
import { type HooksReceiver, startHooksReceiver } from './hooks-receiver.ts'
import { type MovedClock, movedClock } from './moved-clock.ts'
import { startPostgresServer } from './postgres-server.ts'
import { comesAbout, type Scene, type Surroundings, startScene } from './scene.ts'
import { checkStored } from './stored.ts'
import { writeSeed } from './world.ts'

const HOUR_MS = 3_600_000
/** An hour more than EasyPost's longest pause between attempts. */
const BEYOND_PAUSES_MS = 13 * HOUR_MS
const NARROW = { path: '/admin/2022-01/memberships', headers: { 'as-api-key': 'as_narrow_key' } }
const MEMBER = { email: 'member@acme.test', password: 'a password of theirs' }
const PAGE = { 'x-api-key': 'pk_sb_acme' }
/** More than its tenant may in a second, and sent in less. */
const BURST = 40

interface Stage extends Surroundings {
  data: string
  env: NodeJS.ProcessEnv
  scene: Scene
  clock: MovedClock
  receiver: HooksReceiver
  /** So often the clock was set so far. */
  jumps: number
}

export async function jumpOnSqlite(surroundings: Surroundings, directory: string): Promise<void> {
  mkdirSync(directory)
  await jump(surroundings, directory, join(directory, 'data'), {})
}

/** An hour forward and back, and nothing that takes long to look at. */
export async function jumpInShort(surroundings: Surroundings, directory: string): Promise<void> {
  mkdirSync(directory)
  await jump(surroundings, directory, join(directory, 'data'), {}, [])
}

export async function jumpOnPostgres(surroundings: Surroundings, directory: string): Promise<void> {
  mkdirSync(directory)
  const postgres = await startPostgresServer(directory)
  const home = { UNDERSTUDY_HOME: join(directory, 'home') }
  await jump(surroundings, directory, postgres.url, {
    ...home,
    UNDERSTUDY_MASTER_KEY: randomBytes(32).toString('base64'),
  })
}

async function jump(
  surroundings: Surroundings,
  directory: string,
  data: string,
  env: NodeJS.ProcessEnv,
  further: readonly number[] = surroundings.quick ? [-HOUR_MS, 0] : [-HOUR_MS, 0, HOUR_MS, -HOUR_MS, 0],
): Promise<void> {
  const { findings } = surroundings
  using receiver = await startHooksReceiver()
  const clock = movedClock(directory)
  const flags = ['--seed', writeSeed(directory, receiver.url)]
  const settings = { ...env, ...clock.env, UNDERSTUDY_LOG_LEVEL: 'debug' }
  await using scene = await startScene(surroundings, data, { env: settings, flags })
  const stage: Stage = { ...surroundings, data, env, scene, clock, receiver, jumps: 0 }
  await scene.load.more('acknowledged', 30)
  await signUp(stage)
  const first = await logIn(stage)
  await assertSigned(stage, 200)
  const waiting = await failedHook(stage)

  await set(stage, HOUR_MS)
  await assertMember(stage, first, [401], 'a token that has expired')
  const ahead = await logIn(stage)
  await assertMember(stage, ahead, [200], 'a token of now')
  await assertSigned(stage, 401)
  await assertRetried(stage, waiting, 2, 'is tried again when its time has come')

  await set(stage, 0)
  await assertMember(stage, first, [200], 'a token that has not expired')
  await assertMember(stage, ahead, [200, 401], 'a token of an hour that has not come')
  await assertSigned(stage, 200)
  await assertRetried(stage, waiting, 3, 'does not wait for an hour that was taken back')

  for (const offset of further) await set(stage, offset)
  receiver.take()
  await scene.load.stop()
  // Whatever failed waits for its pause.
  await set(stage, BEYOND_PAUSES_MS, { loaded: false })
  await assertAllTaken(stage)
  const most = Math.max(...receiver.times.values())
  if (most > stage.jumps + 2)
    findings.fail(`a webhook is tried once a pause, and was ${most} times in ${stage.jumps} jumps`)
  await scene.end()
  await checkStored(findings, { data, env, changes: scene.load.changes })
}

/** Sets the clock, and sees that it is told, and that all goes on. */
async function set(stage: Stage, byMs: number, { loaded = true } = {}): Promise<void> {
  const { findings, scene, clock } = stage
  const lines = () =>
    scene
      .server()
      .log()
      .filter(({ msg }) => /^the clock was set/.test(String(msg))).length
  const before = lines()
  await burst(stage)
  clock.set(scene.server(), byMs)
  stage.jumps++
  findings.count('jumps of the clock')
  if (!(await comesAbout(() => lines() > before))) findings.fail('a clock that jumps is told in the log, and was not')
  const warns = async () => {
    const ready = await scene.client.ask(scene.server().url, { path: '/ready' })
    return ready?.status === 200 && /"clock: it was set/.test(ready.text)
  }
  if (!(await comesAbout(warns))) findings.fail('a clock that jumped is told on /ready, and was not')
  if (!loaded) return
  if (!(await comesAbout(async () => (await scene.client.ask(scene.server().url, NARROW))?.status === 200))) {
    findings.fail('a clock that jumps locks no tenant out, and did')
  }
  const limited = await burst(stage)
  if (limited === 0) findings.fail('limits hold after a clock has jumped, and did not')
  await scene.load.more('acknowledged', 20)
  // Once each way is enough: all events are walked for it. In short, the end of it all says the same.
  if (stage.jumps <= 2 && !stage.quick) await assertSealing(stage)
}

/** Returns how many of more requests than allowed were refused. */
async function burst({ scene }: Stage): Promise<number> {
  const asked = Array.from({ length: BURST }, () => scene.client.ask(scene.server().url, NARROW))
  return (await Promise.all(asked)).filter(answer => answer?.status === 429).length
}

/** Every event of now has its seal soon. */
async function assertSealing({ findings, data, env }: Stage): Promise<void> {
  const counted = async () => {
    const { printed } = await runCommand(['events', 'verify', '--data', data], { env })
    const [, sealed, unsealed] = /^(\d+) events of .* sealed; (\d+) not sealed yet/m.exec(printed) ?? []
    return { sealed: Number(sealed), unsealed: Number(unsealed) }
  }
  const now = await counted()
  if (!(await comesAbout(async () => (await counted()).sealed >= now.sealed + now.unsealed))) {
    findings.fail('seals go on after a clock has jumped, and did not')
  }
}

async function signUp({ scene, findings }: Stage): Promise<void> {
  scene.load.others.add(MEMBER.email)
  const ask = { method: 'POST', path: '/auth/signup', headers: PAGE, body: MEMBER } as const
  const answer = await scene.client.ask(scene.server().url, ask)
  if (answer?.status !== 200) findings.fail(`a member signs up, and was answered ${answer?.status}: ${answer?.text}`)
}

async function logIn({ scene, findings }: Stage): Promise<string> {
  const ask = { method: 'POST', path: '/auth/login', headers: PAGE, body: MEMBER } as const
  const answer = await scene.client.ask(scene.server().url, ask)
  const told = jsonOf(answer) as { data?: { tokens?: { accessToken?: string } } } | undefined
  const token = told?.data?.tokens?.accessToken
  if (token === undefined) findings.fail(`a member logs in, and was answered ${answer?.status}: ${answer?.text}`)
  return token ?? ''
}

async function assertMember(
  { scene, findings }: Stage,
  token: string,
  statuses: readonly number[],
  what: string,
): Promise<void> {
  const headers = { ...PAGE, authorization: `Bearer ${token}` }
  const answer = await scene.client.ask(scene.server().url, { path: '/member/json', headers })
  if (!statuses.includes(answer?.status ?? 0)) {
    findings.fail(`${what} is answered with ${statuses.join(' or ')}, and was with ${answer?.status}: ${answer?.text}`)
  }
}

/** Signed by a client whose clock is right. */
async function assertSigned({ scene, findings }: Stage, status: number): Promise<void> {
  const path = '/admin/2022-01/memberships'
  const date = new Date().toUTCString()
  const text = ['GET', '', '', date, 'as-api-key:as_hmac_key', path].join('\n')
  const signature = createHmac('sha256', 'as_hmac_secret').update(text).digest('base64')
  const headers = { 'as-api-key': 'as_hmac_key', date, 'as-signature-hmac-sha256': signature }
  const answer = await scene.client.ask(scene.server().url, { path, headers })
  if (answer?.status !== status) {
    findings.fail(`a request of ${date} is answered with ${status}, and was with ${answer?.status}: ${answer?.text}`)
  }
}

/** A webhook that has failed once. */
async function failedHook({ receiver, findings }: Stage): Promise<string> {
  if (!(await comesAbout(() => receiver.times.size > 0))) findings.fail('a webhook is sent, and none was')
  return [...receiver.times.keys()][0] ?? ''
}

async function assertRetried({ receiver, findings }: Stage, id: string, times: number, what: string): Promise<void> {
  if (!(await comesAbout(() => (receiver.times.get(id) ?? 0) >= times))) findings.fail(`a webhook that failed ${what}`)
}

/** Every webhook of the load, those that never failed too. They are many: that for half a minute no more come is a failure. */
async function assertAllTaken({ scene, receiver, findings }: Stage): Promise<void> {
  const { taken, times } = receiver
  const made = scene.load.changes.filter(({ vendor, outcome }) => vendor === 'easypost' && outcome === 'acknowledged')
  const areTaken = () => taken.size === times.size && taken.size >= made.length
  let before: number
  do {
    before = taken.size
    if (await comesAbout(areTaken)) return
  } while (taken.size > before)
  findings.fail(
    `every webhook arrives once its receiver takes it, and ${taken.size} of ${Math.max(times.size, made.length)} did`,
  )
}

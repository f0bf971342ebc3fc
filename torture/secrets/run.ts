// A run against a server as operators run it, and the search of all that it leaves behind.

import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Findings } from '../findings.ts'
import type { Random } from '../random.ts'
import { type Server, startServer } from '../server.ts'
import { type Attempt, command } from './commands.ts'
import { readEverything } from './crawl.ts'
import { eventually } from './eventually.ts'
import { type Place, Search } from './leaks.ts'
import { Ledger } from './ledger.ts'
import { end, live, misplace } from './life.ts'
import type { Tenants } from './misuse.ts'
import { isNamed, processPlaces, withoutValues } from './places.ts'
import { sendBroken } from './raw.ts'
import { brokenSettings, seedWithSecrets } from './settings.ts'
import { type StandIn, startIndiscreet, startMailServer } from './stand-ins.ts'
import { operate, type Town } from './town.ts'
import { overSockets, Transcript } from './wire.ts'

export interface Engine {
  name: string
  /** What `--data` is. */
  data: string
  /** Secrets of the operator's own: passwords of databases. */
  secrets: Record<string, string>
  /** Makes stores of the backup, each of which is searched. `kept` is where the master key is. */
  copies(kept: string, backup: string): Attempt[]
  /** What fails, with words on the store: once the master key is another than the backup's. */
  failures(home: string, backup: string): Attempt[]
  /** Takes the store away, and gives it back. */
  cut?: { away(): void; back(): void }
  /** All that the store has written; once the server has stopped, or while it runs. */
  files(): Iterable<Place>
  /** Starts with the sample, or with a seed of our own. */
  start: 'sample' | 'seed'
}

export interface RunSetting {
  directory: string
  findings: Findings
  random: Random
  /** How many secrets each wrong place gets; all, unless it is said. */
  rounds?: number
  /** Only the commands that read the whole store: each costs the start of a process. */
  fewCommands?: boolean
}

/** Lives through everything on this engine, then searches. */
export async function searchRun(engine: Engine, { directory, findings, random, ...rest }: RunSetting): Promise<void> {
  const { rounds, fewCommands = false } = rest
  const ledger = new Ledger()
  for (const [kind, secret] of Object.entries(engine.secrets)) ledger.add(kind, secret)
  const home = join(directory, `home-${engine.name}`)
  mkdirSync(home)
  const [standIn, mails] = [await startIndiscreet(), await startMailServer()]
  const smtpPassword = ledger.add('SMTP password', `smtp-${random.bytes(16).toString('hex')}`)
  const config = join(home, 'config.yaml')
  writeFileSync(
    config,
    JSON.stringify({
      trustProxy: true,
      passwords: { memoryKiB: 8, passes: 1 },
      webhooks: { allowPrivateAddresses: true },
      smtp: { url: `smtp://mailer:${smtpPassword}@127.0.0.1:${mails.port}`, from: 'Torture <noreply@torture.example>' },
    }),
  )
  const env: NodeJS.ProcessEnv = {
    UNDERSTUDY_CONFIG: config,
    UNDERSTUDY_LOG_LEVEL: 'trace',
    UNDERSTUDY_HOME: home,
    UNDERSTUDY_PORT: '0',
  }
  const seed = join(home, 'seed.yaml')
  writeFileSync(seed, seedWithSecrets(ledger, random, standIn.url))
  const flags = engine.start === 'seed' ? ['--seed', seed] : []
  const server = await startServer(engine.data, { env, flags })
  const kept = existsSync(join(engine.data, 'master.key')) ? engine.data : home
  ledger.add('master key', readFileSync(join(kept, 'master.key'), 'utf8').trim())
  const samples = samplesIn(kept)
  for (const sample of samples) ledger.add('sample credential', sample)
  const { send, close } = overSockets(server.url)
  const wire = new Transcript(send)
  const receivers = [`${standIn.url}/taken`, `${standIn.url}/failing`]
  const town: Town = {
    ...{ wire, ledger, random, receivers, stripe: standIn.url, tick: () => {} },
    token: samples.find(sample => sample.startsWith('ust_')) ?? '',
  }
  try {
    const tenants = await live(town)
    await misplace(town, tenants, rounds)
    const broken = (await sendBroken(server.url, ledger)).join('\n')
    if (engine.cut) await loseStore(engine.cut, town, tenants)
    await eventually('mails and webhooks had their first attempts', () => mails.refused() > 2 && isQuiet(town, tenants))
    await end(town, tenants)
    findings.count('answers of the control API read', await readEverything(town))
    await readFeeds(town, tenants)
    const metrics = await wire.send({ method: 'GET', path: '/metrics' })
    const printed = await runCommands(engine, {
      home,
      kept,
      env,
      ledger,
      findings,
      random,
      seed,
      directory,
      fewCommands,
    })
    const process = [...processPlaces(server.pid, [engine.data, ...Object.values(env).map(String)])]
    const running = [...engine.files()]
    close()
    await server.stop()
    search({ ledger, findings, wire, server, standIn, printed, samples })
    const later = new Search(ledger, findings)
    later.places(`${engine.name} store`, running)
    later.places(`${engine.name} store, stopped`, engine.files())
    later.places('answers to broken HTTP', [{ name: 'all', bytes: Buffer.from(broken, 'latin1') }])
    later.places('process', process)
    later.places('metrics', [{ name: '/metrics', bytes: withoutValues(metrics.body) }])
  } finally {
    close()
    await server.stop('SIGKILL')
    await Promise.all([standIn.close(), mails.close()])
  }
  for (const [kind, count] of ledger.kinds()) findings.count(`secrets: ${kind}`, count)
}

function search(found: {
  ledger: Ledger
  findings: Findings
  wire: Transcript
  server: Server
  standIn: StandIn
  printed: Place[]
  samples: string[]
}): void {
  const { ledger, findings, wire, server, standIn, printed, samples } = found
  const all = new Search(ledger, findings)
  all.answers(wire.answers)
  const lines = server.said().split('\n')
  const [log, banner] = [lines.filter(line => line.startsWith('{')), lines.filter(line => !line.startsWith('{'))]
  findings.count('log lines searched', log.length)
  all.places('log', [{ name: 'stderr', bytes: Buffer.from(log.join('\n')) }])
  // The first start shows what can be tried at once: README, "Start".
  const mayHold: Place['mayHold'] = ({ text }) => samples.includes(text)
  all.places('banner', [{ name: 'stdout', bytes: Buffer.from(banner.join('\n')), mayHold }])
  all.places('commands', printed)
  const bodies = standIn.got.map((body, index) => ({
    name: `body ${index}`,
    bytes: Buffer.from(body),
    mayHold: isNamed,
  }))
  all.places('webhooks', bodies)
}

/** Requests while the store is away are refused; they speak of it in the log. */
async function loseStore({ away, back }: NonNullable<Engine['cut']>, town: Town, tenants: Tenants): Promise<void> {
  away()
  await misplace(town, tenants, 1)
  back()
  await eventually('the store is back', async () => {
    const { status } = await town.wire.send({ method: 'GET', path: '/ready' })
    return status === 200
  })
}

/** Whether no delivery waits for its first attempt. */
async function isQuiet(town: Town, { shop, sender, club }: Tenants): Promise<boolean> {
  const tenants = [
    `/aftership/organizations/${shop.organization}`,
    `/easypost/parents/${sender.parent}`,
    `/memberstack/apps/${club.app}`,
  ]
  const waiting = tenants.map(path => operate<{ data: unknown[] }>(town, 'GET', `${path}/deliveries?status=queued`))
  return (await Promise.all(waiting)).every(({ data }) => data.length === 0)
}

/** What vendors show of events. */
async function readFeeds({ wire }: Town, { sender }: Tenants): Promise<void> {
  const headers = { authorization: `Bearer ${sender.production}` }
  const { events } = await wire.json<{ events: { id: string }[] }>('GET', '/v2/events?page_size=100', headers)
  for (const { id } of events) {
    await wire.send({ method: 'GET', path: `/v2/events/${id}`, headers })
    await wire.send({ method: 'GET', path: `/v2/events/${id}/payloads`, headers })
  }
}

interface CommandSetting {
  home: string
  kept: string
  env: NodeJS.ProcessEnv
  ledger: Ledger
  findings: Findings
  random: Random
  seed: string
  directory: string
  fewCommands: boolean
}

/** Every command beside the server that runs; then each with settings that are wrong. */
async function runCommands(engine: Engine, setting: CommandSetting): Promise<Place[]> {
  const { home, kept, env, ledger, seed, directory, fewCommands } = setting
  const newKey = randomBytes(32).toString('hex')
  ledger.add('master key', newKey)
  const keyFile = join(home, 'new.key')
  writeFileSync(keyFile, newKey, { mode: 0o600 })
  const backup = join(directory, `backup-${engine.name}.db`)
  const data = ['--data', engine.data]
  const done = (...argv: string[]): Attempt => ({ argv: [...argv, ...data] })
  // It says of the seed's webhooks that nothing listens there.
  const seeded: Attempt = { ...done('doctor'), code: 1 }
  const first = engine.start === 'seed' ? 1 : 0
  const few = [{ ...done('doctor'), code: first }, done('keys', 'audit'), done('backup', backup)]
  const all = [
    { ...done('doctor'), code: first },
    { ...done('doctor', '--json'), code: first },
    done('events', 'verify'),
    done('events', 'verify', '--json'),
    done('keys', 'audit'),
    done('keys', 'audit', '--json'),
    done('keys', 'audit', '--csv'),
    done('keys', 'rotate-signing'),
    done('backup', backup),
    // It says that this was loaded at the start.
    { ...done('seed', seed), code: engine.start === 'seed' ? 2 : 0 },
  ]
  const late = [
    done('keys', 'rotate-master', '--new-key', keyFile),
    done('keys', 'audit'),
    seeded,
    { argv: ['help'] },
    ...engine.failures(home, backup),
    // They fail before there is a store: once is enough.
    ...(engine.start === 'sample' ? brokenSettings(setting, engine.data) : []),
  ]
  const printed: Place[] = []
  const run = async (attempts: readonly Attempt[]) => {
    for (const attempt of attempts) printed.push(await command(attempt, env))
  }
  await run(fewCommands ? few : all)
  printed.push({ name: 'the backup', bytes: readFileSync(backup), mayHold: isNamed })
  const copies = engine.copies(kept, backup)
  await run(copies)
  setting.findings.count('stores restored or moved, and searched', copies.length)
  if (!fewCommands) await run(late)
  return printed
}

function samplesIn(home: string): string[] {
  const { samples } = JSON.parse(readFileSync(join(home, 'environment.json'), 'utf8')) as {
    samples: Record<string, Record<string, string>>
  }
  return Object.entries(samples).flatMap(([, sample]) =>
    Object.entries(sample).flatMap(([name, value]) =>
      /key|token|secret/i.test(name) && !/public/i.test(name) ? value : [],
    ),
  )
}

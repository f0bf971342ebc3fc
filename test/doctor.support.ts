// What the doctor's scenarios share: a store that an app has filled, on each engine, and a look at it from outside.

import { after } from 'node:test'
import { type App, createApp } from '../src/app.ts'
import { type Config, readConfig } from '../src/config.ts'
import type { Level } from '../src/doctor/check.ts'
import { examine, type Report } from '../src/doctor/examine.ts'
import { closeSubject, openSubject, type Surroundings } from '../src/doctor/subject.ts'
import { type Principal, withTransaction } from '../src/platform/context.ts'
import * as events from '../src/platform/events/events.ts'
import { loadSeed, parseSeed, type SampleCredentials } from '../src/seed/load.ts'
import { SERVER_URL } from './postgres.ts'
import { temporaryDirectory } from './process.ts'
import { freshStore } from './store.ts'
import { FakeClock } from './support.ts'

const SEED = `
aftership:
  accounts: [{ email: owner@acme.test }]
  organizations:
    - { id: org_acme, name: Acme, keys: [{ name: sample, mode: api_key }], memberships: [{ email: owner@acme.test, role: owner }] }
control: { tokens: [{ name: admin, scope: admin }] }
`

export const operator: Principal = { vendor: 'aftership', tenant: 'org_acme', actor: 'cli:test', operator: true }

const LIMIT_MS = 10_000

type Changes = { config?: Partial<Config>; timeLimitMs?: number } & Partial<Surroundings>

export interface Patient {
  app: App
  config: Config
  clock: FakeClock
  samples: SampleCredentials
  /** Everything that is found, with these settings and surroundings instead. */
  look(changes?: Changes): Promise<Report[]>
  /** What one check finds: level and text of each line. */
  said(check: string, changes?: Changes): Promise<[Level, string][]>
  /** Writes an event. */
  record(): Promise<void>
  /** Ends the app, and leaves the store. */
  stop(): Promise<void>
}

/** An app with this seed in a store that others can open; ended with the test that starts it. */
export async function startPatient(seed = SEED, settings: Partial<Config> = {}): Promise<Patient> {
  const clock = new FakeClock('2026-12-04T09:30:00.000Z')
  const home = temporaryDirectory()
  // One in memory can be looked at by nobody: on SQLite a file.
  const store = process.env[SERVER_URL] === undefined ? undefined : await freshStore()
  const defaults = await readConfig({ data: home, port: '0' }, {})
  const config = { ...defaults, ...store?.config, ...settings }
  const app = await createApp({ ...config, logLevel: 'silent' }, { clock })
  let stopped: Promise<void> | undefined
  const stop = () => (stopped ??= app.close())
  after(async () => {
    await stop()
    await store?.release()
  })
  const samples = await loadSeed(app.context, await parseSeed('test', seed))
  const look = async ({ config: changed, timeLimitMs = LIMIT_MS, ...surroundings }: Changes = {}) => {
    const usual: Surroundings = {
      env: {},
      clock,
      monotonicNow: () => clock.now(),
      lookup: async () => [],
      samplesIn: () => Object.values(samples).flatMap(Object.values),
    }
    return lookAt({ ...config, ...changed }, { ...usual, ...surroundings }, timeLimitMs)
  }
  return {
    app,
    config,
    clock,
    samples,
    look,
    said: async (check, changes) => linesOf(await look(changes), check),
    record: () =>
      withTransaction(app.context, operator, tx => events.record(tx, operator, 'thing.made', 'thing', {})).then(
        () => {},
      ),
    stop,
  }
}

export async function lookAt(config: Config, surroundings: Surroundings, timeLimitMs = LIMIT_MS): Promise<Report[]> {
  const subject = await openSubject(config, surroundings, LIMIT_MS / 2)
  try {
    return await examine(subject, timeLimitMs)
  } finally {
    await closeSubject(subject)
  }
}

export function linesOf(reports: Report[], check: string): [Level, string][] {
  return reports.filter(report => report.check === check).map(({ level, found }) => [level, found])
}

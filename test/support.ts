// What scenarios stand on: the real app on a real store, a clock that they move, and everything the app wrote.

import assert from 'node:assert/strict'
import { after } from 'node:test'
import type { InjectOptions, LightMyRequestResponse } from 'fastify'
import { type App, createApp, type Surroundings } from '../src/app.ts'
import { type Config, readConfig } from '../src/config.ts'
import * as events from '../src/platform/events/events.ts'
import * as outbox from '../src/platform/mail/outbox.ts'
import { loadSeed, parseSeed, type SampleCredentials } from '../src/seed/load.ts'
import { type FreshStore, freshStore } from './store.ts'

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** A clock that stands still until it is moved. */
export class FakeClock {
  #ms: number
  constructor(start: string) {
    this.#ms = Date.parse(start)
  }
  now(): number {
    return this.#ms
  }
  advance(ms: number): void {
    this.#ms += ms
  }
}

export interface LogLine {
  level: string
  msg?: string
  [field: string]: unknown
}

export interface TestApp {
  app: App
  clock: FakeClock
  samples: SampleCredentials
  /** Every log line so far. */
  log: LogLine[]
  request(options: InjectOptions): Promise<LightMyRequestResponse>
  /** The events written since the last call, as `type subject`; the seed's are left out. */
  newEvents(): Promise<events.Event[]>
  /** Asserts which types of event were written since the last look: exactly these, in this order. */
  assertEvents(...types: string[]): Promise<void>
  /** The mails to `to` with their texts, newest first. */
  mailsTo(to: string): Promise<{ subject: string; text: string }[]>
}

/** As little as argon2 takes: scenarios are about something else. */
const CHEAP_PASSWORDS = { memoryKiB: 8, passes: 1, parallelism: 1, concurrency: 2 }

/** Settings of the app; `now`, where the clock starts to stand; and how long clients may take. */
type StartOptions = Partial<Config> & { now?: string } & Pick<Surroundings, 'patience'>

/** An app with this seed (YAML) on a store of its own, unless one is named; closed when the test that starts it ends. */
export async function startApp(seed: string, options: StartOptions = {}): Promise<TestApp> {
  const { now = '2026-03-04T09:30:00.000Z', patience, ...settings } = options
  const clock = new FakeClock(now)
  const log: LogLine[] = []
  const destination = { write: (line: string) => void log.push(JSON.parse(line) as LogLine) }
  const defaults = await readConfig({ data: ':memory:', port: '0' }, {})
  const fresh = settings.data === undefined ? await freshStore() : undefined
  const config = { ...defaults, passwords: CHEAP_PASSWORDS, ...fresh?.config, ...settings }
  const surroundings = { clock, log: destination, ...(patience && { patience }), ...(fresh && { store: fresh.store }) }
  const app = await createApp(config, surroundings)
  closeAfter(app, fresh)
  const samples = await loadSeed(app.context, await parseSeed('test', seed))

  let seen = await lastSequence(app)
  const newEvents = async () => {
    const found = await events.list(app.context, {}, seen, 10_000)
    seen = found.at(-1)?.sequence ?? seen
    return found
  }
  return {
    app,
    clock,
    samples,
    log,
    request: options => app.inject(options),
    newEvents,
    async assertEvents(...types) {
      const written = await newEvents()
      assert.deepEqual(
        written.map(event => event.type),
        types,
      )
    },
    async mailsTo(to) {
      const { items } = await outbox.list(app.context, to, { limit: 100 })
      return Promise.all(items.map(mail => outbox.get(app.context, mail.id)))
    },
  }
}

/** The runner keeps what is registered here until its own end: it must not keep each app with it. */
function closeAfter(app: App, fresh: FreshStore | undefined): void {
  const ends = [app.close, fresh?.release]
  after(async () => {
    for (const end of ends.splice(0)) await end?.()
  })
}

async function lastSequence(app: App): Promise<number> {
  const found = await events.list(app.context, {}, 0, 1_000_000)
  return found.at(-1)?.sequence ?? 0
}

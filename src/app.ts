// The only wiring: a configuration becomes a running server.

import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { DestinationStream } from 'pino'
import type { Config } from './config.ts'
import { endingOf } from './http/ending.ts'
import { createMetrics } from './http/metrics.ts'
import { createServer, type Patience } from './http/server.ts'
import { Bell } from './platform/bell.ts'
import { type Clock, systemClock } from './platform/clock.ts'
import { clockWatch } from './platform/clock-watch.ts'
import type { Context } from './platform/context.ts'
import { LookupCache } from './platform/credentials/lookup-cache.ts'
import { fingerprintOf, masterKeysIn, randomMasterKey } from './platform/credentials/master-key.ts'
import { saveUsage } from './platform/credentials/save-usage.ts'
import { Usage } from './platform/credentials/usage.ts'
import { openVault, type Vault } from './platform/credentials/vault.ts'
import { IN_MEMORY, openStore, type Store } from './platform/db/engine.ts'
import { isMigrated, type Migrations, migrate } from './platform/db/migrate.ts'
import * as platformMigration from './platform/db/migrations/2026-11-21-platform.ts'
import type { Webhooks } from './platform/events/dialect.ts'
import { webhookJobs } from './platform/events/jobs.ts'
import { sealing } from './platform/events/seals-job.ts'
import { type Ids, randomIds } from './platform/ids.ts'
import { type Job, type RunningJobs, startJobs } from './platform/jobs.ts'
import { createLog, type Log } from './platform/log.ts'
import { mailJobs } from './platform/mail/jobs.ts'
import { type Mailer, openMailer } from './platform/mail/smtp.ts'
import { type Lookup, lookupAll } from './platform/outbound/post.ts'
import { createPasswords } from './platform/passwords.ts'
import { Attempts } from './platform/rate-limit/attempts.ts'
import { openRateLimits } from './platform/rate-limit/limits.ts'
import { createTraps } from './platform/traps.ts'
import { Warnings } from './platform/warnings.ts'
import { vendors } from './vendors/index.ts'

const DAY_MS = 24 * 3600 * 1000

/** What tests replace: time, randomness, where the log goes, how webhooks find a host, how long clients may take, the store. */
export interface Surroundings {
  clock?: Clock
  ids?: Ids
  log?: DestinationStream
  lookup?: Lookup
  patience?: Patience
  /** Open already, and left open. */
  store?: Store
}

export interface App {
  readonly context: Context
  /** Where the server listens; before `listen` where it would. */
  readonly url: string
  inject: FastifyInstance['inject']
  /** Starts to listen, and starts the jobs. Rejects with the system's error (EADDRINUSE). */
  listen(): Promise<string>
  /** Runs every job once, to its end, whether it is due or not. */
  runJobs(): Promise<void>
  /** Refuses new connections, lets requests in flight finish, ends the jobs, closes the store. */
  close(): Promise<void>
}

/** Opens the store (migrated), and everything that works on it, without a server: what commands need. */
export async function openContext(config: Config, surroundings: Surroundings = {}) {
  const clock = surroundings.clock ?? systemClock
  const log = createLog(config.logLevel, surroundings.log)
  const store = surroundings.store ?? (await openStore(config.data, config.postgres, log))
  const close = async () => {
    if (store !== surroundings.store) await store.close()
  }
  try {
    if (!(await isMigrated(store.db, migrations()))) await store.patiently(db => migrate(db, migrations()))
    const vault = await openVaultOf(config, store, clock, log)
    const metrics = createMetrics()
    const limits = openRateLimits(clock, vault, store)
    const context: Context = {
      db: store.db,
      clock,
      ids: surroundings.ids ?? randomIds,
      log,
      vault,
      passwords: createPasswords(config.passwords),
      limits: limits.windows,
      attempts: new Attempts(limits.windows),
      buckets: limits.buckets,
      lookups: new LookupCache(store.foreignVersion),
      usage: new Usage(clock),
      traps: createTraps(clock, log, metrics.countTrap),
      countSend: metrics.countSend,
      warnings: new Warnings(),
      webhooks: webhooks(),
      settings: {
        publicUrl: config.publicUrl ?? originOf(config, config.port),
        retentionMs: config.retentionDays * DAY_MS,
        strippedPrefix: config.strippedPrefix,
        smtp: config.smtp !== undefined,
        allowPrivateAddresses: config.webhooks.allowPrivateAddresses,
        offboardingRemovesPlans: config.offboarding.removePlans,
      },
      readSoon: store.readSoon,
      transact: store.transact,
      changesRefused: store.changesRefused,
      afterCommit: action => action(),
      enterLog: async () => {},
    }
    return { context, log, metrics, limitJobs: limits.jobs, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** With the master key, or with the one that takes its place: a rotation may be under way, or have been interrupted. */
async function openVaultOf(config: Config, { db }: Store, clock: Clock, log: Log): Promise<Vault> {
  const kept = () => (config.data === IN_MEMORY ? [randomMasterKey()] : masterKeysIn(config.home))
  const present = config.masterKey ? [config.masterKey] : kept()
  const masterKeys = config.newMasterKey ? [...present, config.newMasterKey] : present
  const vault = await openVault(db, masterKeys, clock.now())
  const [first] = masterKeys
  if (first && fingerprintOf(first) !== vault.masterKeyFingerprint) {
    log.warn(
      'the store is under its new master key: run `understudy keys rotate-master` again, which says what is left',
    )
  }
  return vault
}

export async function createApp(config: Config, surroundings: Surroundings = {}): Promise<App> {
  const { context, log, metrics, limitJobs, close: closeStore } = await openContext(config, surroundings)
  const mailer = config.smtp && (await openMailer(config.smtp))
  const server = await createServer({
    context,
    log,
    metrics,
    vendors,
    migrations: migrations(),
    trustProxy: config.trustProxy,
    tls: config.tls,
    patience: surroundings.patience,
  })
  const end = endingOf(server)
  const jobs = [...limitJobs, ...allJobs(mailer), ...webhookJobs(context.webhooks, surroundings.lookup ?? lookupAll)]
  // A clock that is handed in is moved by whoever did that.
  if (context.clock === systemClock) jobs.push(clockWatch())
  let running: RunningJobs | undefined

  return {
    context,
    get url() {
      return context.settings.publicUrl
    },
    inject: server.inject.bind(server),
    async listen() {
      await server.listen({ host: config.host, port: config.port })
      const { port } = server.server.address() as AddressInfo
      const url = originOf(config, port)
      if (config.publicUrl === undefined) context.settings.publicUrl = url
      running = startJobs(context, jobs)
      return url
    },
    async runJobs() {
      const { signal } = new AbortController()
      for (const job of jobs) await job.run(context, signal)
    },
    async close() {
      await end()
      await running?.stop()
      await saveUsage(context).catch(error => log.warn({ err: error }, 'the last uses of keys are not written down'))
      mailer?.close()
      await closeStore()
    },
  }
}

/** Everything that a store of this version has been through. */
export function migrations(): Migrations {
  const platform = { '2026-11-21-platform': platformMigration }
  return Object.assign(platform, ...vendors.map(vendor => vendor.migrations))
}

function webhooks(): Webhooks {
  const spoken = vendors.flatMap(({ name, webhooks }) => (webhooks ? [[name, webhooks] as const] : []))
  return { dialects: new Map(spoken), queued: new Bell() }
}

function allJobs(mailer: Mailer | undefined): Job[] {
  const usage: Job = { name: 'credential-usage', everyMs: 10_000, onEveryNode: true, run: saveUsage }
  return [usage, sealing, ...mailJobs(mailer), ...vendors.flatMap(vendor => vendor.jobs)]
}

function originOf({ host, tls }: Config, port: number): string {
  return `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`
}

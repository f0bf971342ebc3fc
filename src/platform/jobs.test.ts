import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Bell } from './bell.ts'
import type { Context } from './context.ts'
import { LookupCache } from './credentials/lookup-cache.ts'
import { Usage } from './credentials/usage.ts'
import { openVault } from './credentials/vault.ts'
import { IN_MEMORY, openStore } from './db/engine.ts'
import { migrate } from './db/migrate.ts'
import * as platformMigration from './db/migrations/2026-11-21-platform.ts'
import { DomainError } from './errors.ts'
import { randomIds } from './ids.ts'
import { type Job, startJobs } from './jobs.ts'
import { createLog } from './log.ts'
import { createPasswords } from './passwords.ts'
import { Attempts } from './rate-limit/attempts.ts'
import { FixedWindow } from './rate-limit/fixed-window.ts'
import { TokenBuckets } from './rate-limit/token-bucket.ts'
import { createTraps } from './traps.ts'
import { Warnings } from './warnings.ts'

const clock = { now: () => Date.parse('2026-03-04T09:30:00.000Z') }

async function startContext(t: TestContext): Promise<{ ctx: Context; lines: string[] }> {
  const lines: string[] = []
  const log = createLog('info', { write: line => void lines.push(line) })
  const store = await openStore(IN_MEMORY, { poolMax: 1, statementTimeoutMs: 1000 }, log)
  t.after(() => store.close())
  await migrate(store.db, { '2026-11-21-platform': platformMigration })
  const limits = new FixedWindow(clock)
  const ctx: Context = {
    db: store.db,
    clock,
    ids: randomIds,
    log,
    vault: await openVault(store.db, [new Uint8Array(32)], clock.now()),
    passwords: createPasswords({ memoryKiB: 8, passes: 1, parallelism: 1, concurrency: 1 }),
    limits,
    attempts: new Attempts(limits),
    buckets: new TokenBuckets(clock),
    lookups: new LookupCache(store.foreignVersion),
    usage: new Usage(clock),
    traps: createTraps(clock, log, () => {}),
    countSend: () => {},
    warnings: new Warnings(),
    webhooks: { dialects: new Map(), queued: new Bell() },
    settings: {
      publicUrl: 'http://127.0.0.1',
      retentionMs: 0,
      strippedPrefix: '',
      smtp: false,
      offboardingRemovesPlans: false,
    },
    readSoon: async () => [],
    transact: store.transact,
    changesRefused: store.changesRefused,
    afterCommit: action => action(),
    enterLog: async () => {},
  }
  return { ctx, lines }
}

/** Lets promises that are settled run on; timers stand still. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve()
}

test('a job runs at once and then after each pause', async t => {
  const { ctx } = await startContext(t)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let runs = 0
  const job: Job = { name: 'counting', everyMs: 1000, onEveryNode: true, run: async () => void runs++ }
  const jobs = startJobs(ctx, [job])
  await settle()
  assert.equal(runs, 1)
  t.mock.timers.tick(999)
  await settle()
  assert.equal(runs, 1)
  t.mock.timers.tick(1)
  await settle()
  assert.equal(runs, 2)
  await jobs.stop()
})

test('a job never overlaps itself, and a slow one holds no other up', async t => {
  const { ctx } = await startContext(t)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const slow = Promise.withResolvers<void>()
  let slowRuns = 0
  let quickRuns = 0
  const jobs = startJobs(ctx, [
    {
      name: 'slow',
      everyMs: 100,
      onEveryNode: true,
      run: () => {
        slowRuns++
        return slow.promise
      },
    },
    { name: 'quick', everyMs: 100, onEveryNode: true, run: async () => void quickRuns++ },
  ])
  for (let round = 0; round < 5; round++) {
    await settle()
    t.mock.timers.tick(100)
  }
  await settle()
  assert.equal(slowRuns, 1)
  assert.equal(quickRuns, 6)
  slow.resolve()
  await settle()
  t.mock.timers.tick(100)
  await settle()
  assert.equal(slowRuns, 2)
  await jobs.stop()
})

test('a job that fails is logged by its name and tried again', async t => {
  const { ctx, lines } = await startContext(t)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let runs = 0
  const jobs = startJobs(ctx, [
    {
      name: 'failing',
      everyMs: 1000,
      onEveryNode: true,
      run: async () => {
        runs++
        throw new Error('no luck')
      },
    },
  ])
  await settle()
  t.mock.timers.tick(1000)
  await settle()
  assert.equal(runs, 2)
  assert.equal(lines.length, 2)
  for (const line of lines) {
    const { level, job, err } = JSON.parse(line)
    assert.deepEqual([level, job, err.message], ['error', 'failing', 'no luck'])
  }
  await jobs.stop()
})

test('stopping waits for what is under way and starts nothing more', async t => {
  const { ctx } = await startContext(t)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const work = Promise.withResolvers<void>()
  let finished = false
  let idleRuns = 0
  const jobs = startJobs(ctx, [
    {
      name: 'working',
      everyMs: 10,
      onEveryNode: true,
      run: async () => {
        await work.promise
        finished = true
      },
    },
    { name: 'idle', everyMs: 10, onEveryNode: true, run: async () => void idleRuns++ },
  ])
  await settle()
  let stopped = false
  const stop = jobs.stop().then(() => {
    stopped = true
  })
  await settle()
  assert.equal(stopped, false)
  work.resolve()
  await stop
  assert.equal(finished, true)
  t.mock.timers.tick(1000)
  await settle()
  assert.equal(idleRuns, 1)
})

test('a bell runs its job at once, and one that is under way once more after that', async t => {
  const { ctx } = await startContext(t)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const bell = new Bell()
  let runs = 0
  let work = Promise.withResolvers<void>()
  const job: Job = {
    name: 'ringing',
    everyMs: 1_000_000,
    onEveryNode: true,
    bell,
    run: () => {
      runs++
      return work.promise
    },
  }
  const jobs = startJobs(ctx, [job])
  for (let ring = 0; ring < 3; ring++) bell.ring()
  await settle()
  assert.equal(runs, 1, 'never beside itself')
  work.resolve()
  work = Promise.withResolvers()
  await settle()
  assert.equal(runs, 2, 'once for all three')
  work.resolve()
  await settle()
  assert.equal(runs, 2)
  bell.ring()
  await settle()
  assert.equal(runs, 3)
  t.mock.timers.tick(999_999)
  await settle()
  assert.equal(runs, 3, 'the pause starts anew')
  await jobs.stop()
  bell.ring()
  await settle()
  assert.equal(runs, 3)
})

test('a store that is away is told once a job, and looked for again soon', async t => {
  const { ctx, lines } = await startContext(t)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let away = true
  let runs = 0
  const job: Job = {
    name: 'waiting',
    everyMs: 3_600_000,
    onEveryNode: true,
    run: async () => {
      runs++
      if (away) throw new DomainError('unavailable', 'the database does not answer')
    },
  }
  const jobs = startJobs(ctx, [job])
  await settle()
  t.mock.timers.tick(5000)
  await settle()
  away = false
  t.mock.timers.tick(5000)
  await settle()
  assert.equal(runs, 3)
  t.mock.timers.tick(5000)
  await settle()
  assert.equal(runs, 3, 'its own pause again')
  assert.deepEqual(
    lines.map(line => JSON.parse(line)).map(({ level, job, reason }) => [level, job, reason]),
    [['warn', 'waiting', 'the database does not answer']],
  )
  await jobs.stop()
})

test('stopping tells a job that lasts', async t => {
  const { ctx } = await startContext(t)
  const lasting: Job = {
    name: 'lasting',
    everyMs: 10,
    onEveryNode: true,
    run: (_ctx, stop) => new Promise(resolve => stop.addEventListener('abort', () => resolve())),
  }
  await startJobs(ctx, [lasting]).stop()
})

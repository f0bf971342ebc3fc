// Limits hold in sum over all nodes on one PostgreSQL: what is tested here there is only with one.

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { sql } from 'kysely'
import { Attempts } from '../src/platform/rate-limit/attempts.ts'
import type { Allowance } from '../src/platform/rate-limit/fixed-window.ts'
import { purge } from '../src/platform/rate-limit/purge.ts'
import { SERVER_URL } from './postgres.ts'
import { openNodes } from './rate-limits.support.ts'

const START = Date.parse('2026-03-04T09:30:00.400Z')
const WINDOW_MS = 1000
const MINUTE_MS = 60_000

interface MovableClock {
  ms: number
  now(): number
}

function clockAt(ms: number): MovableClock {
  const clock = { ms, now: () => clock.ms }
  return clock
}

async function openTwo(t: TestContext, clocks = [clockAt(START), clockAt(START)]) {
  const [first, second] = await openNodes(t, clocks)
  assert.ok(first && second)
  return { first, second, both: [first, second] }
}

type Node = Awaited<ReturnType<typeof openTwo>>['first']

/** Takes so often at once, from one node after the other. */
function takeAtOnce(nodes: Node[], times: number, limit: number): Promise<Allowance[]> {
  const takes = Array.from({ length: times }, (_, index) => nodes[index % nodes.length]?.windows)
  return Promise.all(takes.flatMap(windows => windows?.take('key', limit, WINDOW_MS) ?? []))
}

const countAllowed = (allowances: Allowance[]) => allowances.filter(({ allowed }) => allowed).length

const scenarios: Record<string, (t: TestContext) => Promise<void>> = {
  'exactly 10 of 300 requests that come at once are allowed': async t => {
    const { both } = await openTwo(t)
    const taken = await takeAtOnce(both, 300, 10)
    assert.equal(taken.length, 300)
    assert.equal(countAllowed(taken), 10)
    assert.equal(countAllowed(await takeAtOnce(both, 20, 10)), 0)
  },

  'exactly 10 of requests that come one after the other, and the next window has 10 again': async t => {
    const clock = clockAt(START)
    const { both } = await openTwo(t, [clock, clock])
    for (const allowed of [10, 10]) {
      let found = 0
      for (let index = 0; index < 15; index++) found += countAllowed(await takeAtOnce(both, 2, 10))
      assert.equal(found, allowed)
      clock.ms += WINDOW_MS
    }
  },

  'of a large limit each node may keep a fiftieth, and never more than the limit is allowed': async t => {
    const { both } = await openTwo(t)
    let allowed = 0
    for (let round = 0; round < 30; round++) allowed += countAllowed(await takeAtOnce(both, 100, 1000))
    assert.ok(allowed <= 1000 && allowed >= 1000 - 2 * 20, `${allowed} allowed`)
  },

  'what one node keeps is what the other cannot have': async t => {
    const { first, second } = await openTwo(t)
    assert.deepEqual(
      (await takeAtOnce([first], 1, 1000)).map(({ remaining }) => remaining),
      [999],
    )
    const taken = await takeAtOnce([second], 2000, 1000)
    assert.equal(countAllowed(taken), 980)
    assert.equal(taken[0]?.remaining, 979, 'what the other keeps counts as taken')
    assert.equal(countAllowed(await takeAtOnce([first], 100, 1000)), 19)
  },

  'a full window is not asked about again until it ends': async t => {
    const clock = clockAt(START)
    const { first, second } = await openTwo(t, [clock, clock])
    await takeAtOnce([first], 11, 10)
    await sql`update rate_windows set used = 0`.execute(second.db)
    assert.equal(countAllowed(await takeAtOnce([first], 100, 10)), 0)
    clock.ms += WINDOW_MS
    assert.equal(countAllowed(await takeAtOnce([first], 100, 10)), 10)
  },

  'nodes whose clocks are a little apart count in one window': async t => {
    const { first, second } = await openTwo(t, [clockAt(START + 300), clockAt(START)])
    assert.equal(countAllowed(await takeAtOnce([first], 6, 10)), 6)
    const taken = await takeAtOnce([second], 6, 10)
    assert.equal(countAllowed(taken), 4)
    assert.deepEqual(new Set(taken.map(({ resetInMs }) => resetInMs)), new Set([WINDOW_MS]))
    assert.equal(countAllowed(await takeAtOnce([first], 6, 10)), 0)
  },

  'a bucket is one, whoever takes from it': async t => {
    const clock = clockAt(START)
    const { both } = await openTwo(t, [clock, clock])
    const takeAll = async () => {
      const answers = await Promise.all(
        Array.from({ length: 300 }, (_, index) => both[index % 2]?.buckets.take('key', 50)),
      )
      return answers.filter(allowed => allowed).length
    }
    assert.equal(await takeAll(), 50)
    clock.ms += 100
    assert.equal(await takeAll(), 5)
    assert.equal(await takeAll(), 0)
  },

  'an empty bucket is not asked about again until the next token': async t => {
    const clock = clockAt(START)
    const { first, second } = await openTwo(t, [clock, clock])
    for (const allowed of [true, true, false]) assert.equal(await first.buckets.take('key', 2), allowed)
    await sql`delete from rate_buckets`.execute(second.db)
    clock.ms += 499
    assert.equal(await first.buckets.take('key', 2), false)
    clock.ms += 1
    assert.equal(await first.buckets.take('key', 2), true)
  },

  'a bucket gains nothing where clocks are apart': async t => {
    const { both } = await openTwo(t, [clockAt(START + 500), clockAt(START)])
    const [ahead, behind] = both.map(({ buckets }) => buckets)
    const answers: unknown[] = []
    for (let index = 0; index < 4; index++) answers.push(await ahead?.take('key', 3), await behind?.take('key', 3))
    assert.deepEqual(answers, [true, true, true, false, false, false, false, false])
  },

  'failures are counted over nodes, and what succeeded is free for each of them': async t => {
    const { first, second } = await openTwo(t)
    const [here, there] = [new Attempts(first.windows), new Attempts(second.windows)]
    const limits = [{ key: 'account', failures: 3, windowMs: 15 * MINUTE_MS }]
    const succeed = async () => true
    const fail = async () => undefined
    const tooMany = { code: 'rateLimited', retryAfterS: 15 * 60 }
    const many = await Promise.all(Array.from({ length: 20 }, () => here.run(limits, succeed)))
    assert.equal(many.filter(Boolean).length, 20)
    assert.equal(await there.run(limits, fail), undefined)
    assert.equal(await here.run(limits, fail), undefined)
    assert.equal(await there.run(limits, succeed), true)
    assert.equal(await there.run(limits, fail), undefined)
    await assert.rejects(here.run(limits, succeed), tooMany)
    await assert.rejects(there.run(limits, succeed), tooMany)
  },

  'a place that another node gave back is found within a second': async t => {
    const clock = clockAt(START)
    const { first, second } = await openTwo(t, [clock, clock])
    const limits = [{ key: 'account', failures: 1, windowMs: 15 * MINUTE_MS }]
    const there = new Attempts(second.windows)
    await first.windows.take('account', 1, 15 * MINUTE_MS)
    await assert.rejects(
      there.run(limits, async () => true),
      { code: 'rateLimited' },
    )
    await first.windows.giveBack('account')
    clock.ms += 1000
    assert.equal(await there.run(limits, async () => true), true)
  },

  'an attempt that finds a later window full leaves nothing taken': async t => {
    const { first, second } = await openTwo(t)
    const attempts = new Attempts(first.windows)
    const limits = ['address', 'email'].map(key => ({ key, failures: 1, windowMs: MINUTE_MS }))
    await second.windows.take('email', 1, MINUTE_MS)
    await assert.rejects(
      attempts.run(limits, async () => true),
      { code: 'rateLimited' },
    )
    assert.deepEqual((await second.windows.take('address', 1, MINUTE_MS)).allowed, true)
  },

  'an attempt whose later window cannot be counted leaves nothing taken or under way': async t => {
    const { first, second } = await openTwo(t)
    const attempts = new Attempts(first.windows)
    const limits = ['address', 'email'].map(key => ({ key, failures: 1, windowMs: MINUTE_MS }))
    const refuse = sql`alter table rate_windows add constraint no_email check (key <> 'hash of email')`
    await refuse.execute(second.db)
    await assert.rejects(
      attempts.run(limits, async () => true),
      { code: '23514' },
    )
    await sql`alter table rate_windows drop constraint no_email`.execute(second.db)
    assert.equal(await attempts.run(limits, async () => true), true)
  },

  'rows of keys that are no longer in use are removed': async t => {
    const clock = clockAt(START)
    const { first } = await openTwo(t, [clock, clock])
    for (let index = 0; index < 1100; index++) await first.buckets.take(`passing ${index}`, 5)
    await first.windows.take('passing', 10, WINDOW_MS)
    await first.windows.take('lasting', 10, 15 * MINUTE_MS)
    clock.ms += 5 * MINUTE_MS
    await first.buckets.take('steady', 5)
    await purge(first, new AbortController().signal)
    const { rows } = await sql<{ key: string }>`
      select key from rate_windows union all select key from rate_buckets order by key`.execute(first.db)
    assert.deepEqual(
      rows.map(({ key }) => key),
      ['hash of lasting', 'hash of steady'],
    )
    assert.equal((await first.windows.take('lasting', 10, 15 * MINUTE_MS)).remaining, 8)
  },
}

if (process.env[SERVER_URL] !== undefined) {
  for (const [name, scenario] of Object.entries(scenarios)) test(name, scenario)
}

// The rules of windows and buckets, on the store of this pass: they are the same, whoever counts.

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { openStore } from '../src/platform/db/engine.ts'
import { openRateLimits } from '../src/platform/rate-limit/limits.ts'
import { openNodes } from './rate-limits.support.ts'

const START = Date.parse('2026-03-04T09:30:00.400Z')
const WINDOW_MS = 1000

async function open(t: TestContext) {
  const clock = { ms: START, now: () => clock.ms }
  const [node] = await openNodes(t, [clock])
  assert.ok(node)
  return { windows: node.windows, buckets: node.buckets, clock }
}

const windowCases: { name: string; moments: number[]; limit: number; expected: [boolean, number, number][] }[] = [
  {
    name: 'the first request opens the window, wherever the clock stands',
    moments: [0, 999, 1000],
    limit: 1,
    expected: [
      [true, 0, 1000],
      [false, 0, 1000],
      [true, 0, 2000],
    ],
  },
  {
    name: 'what remains counts down to nothing and stays there',
    moments: [0, 10, 20, 30],
    limit: 2,
    expected: [
      [true, 1, 1000],
      [true, 0, 1000],
      [false, 0, 1000],
      [false, 0, 1000],
    ],
  },
  {
    name: 'a refused request takes nothing from the next window',
    moments: [0, 900, 950, 1500, 1600],
    limit: 1,
    expected: [
      [true, 0, 1000],
      [false, 0, 1000],
      [false, 0, 1000],
      [true, 0, 2500],
      [false, 0, 2500],
    ],
  },
  {
    name: 'a clock set back does not lock a key out until it has caught up',
    moments: [0, -3_600_000, -3_599_999],
    limit: 1,
    expected: [
      [true, 0, 1000],
      [true, 0, -3_599_000],
      [false, 0, -3_599_000],
    ],
  },
]

for (const { name, moments, limit, expected } of windowCases) {
  test(`window: ${name}`, async t => {
    const { clock, windows } = await open(t)
    for (const [index, moment] of moments.entries()) {
      clock.ms = START + moment
      const { allowed, remaining, resetAt } = await windows.take('key', limit, WINDOW_MS)
      assert.deepEqual([allowed, remaining, resetAt - START], expected[index], `take ${index}`)
    }
  })
}

test('window: what is given back can be taken again in the same window', async t => {
  const { windows: limits } = await open(t)
  await limits.take('key', 2, WINDOW_MS)
  await limits.take('key', 2, WINDOW_MS)
  await limits.giveBack('key')
  const [resetAt, resetInMs] = [START + WINDOW_MS, WINDOW_MS]
  assert.deepEqual(await limits.take('key', 2, WINDOW_MS), {
    allowed: true,
    limit: 2,
    remaining: 0,
    resetAt,
    resetInMs,
  })
  assert.deepEqual(await limits.take('key', 2, WINDOW_MS), {
    allowed: false,
    limit: 2,
    remaining: 0,
    resetAt,
    resetInMs,
  })
})

test('window: attempts that all fail but one leave the others counted, whatever their order', async t => {
  const { windows: limits } = await open(t)
  for (let taken = 0; taken < 3; taken++) assert.equal((await limits.take('key', 3, WINDOW_MS)).allowed, true)
  await limits.giveBack('key')
  assert.equal((await limits.take('key', 3, WINDOW_MS)).allowed, true)
  assert.equal((await limits.take('key', 3, WINDOW_MS)).allowed, false)
})

test('window: no more is given back than was taken', async t => {
  const { windows: limits } = await open(t)
  await limits.take('key', 1, WINDOW_MS)
  for (let times = 0; times < 3; times++) await limits.giveBack('key')
  assert.equal((await limits.take('key', 1, WINDOW_MS)).allowed, true)
  assert.equal((await limits.take('key', 1, WINDOW_MS)).allowed, false)
})

test('window: a window that ended is given nothing, and passes nothing on to the next', async t => {
  const { clock, windows: limits } = await open(t)
  await limits.take('key', 1, WINDOW_MS)
  clock.ms += WINDOW_MS
  await limits.giveBack('key')
  assert.equal((await limits.take('key', 1, WINDOW_MS)).allowed, true)
  assert.equal((await limits.take('key', 1, WINDOW_MS)).allowed, false)
})

test('window: giving back to a key without a window, or to another key, changes nothing', async t => {
  const { windows: limits } = await open(t)
  await limits.giveBack('one')
  await limits.take('one', 1, WINDOW_MS)
  await limits.giveBack('two')
  assert.equal((await limits.take('one', 1, WINDOW_MS)).allowed, false)
  assert.equal((await limits.take('two', 1, WINDOW_MS)).allowed, true)
})

test('window: keys are counted apart', async t => {
  const { windows: limits } = await open(t)
  assert.equal((await limits.take('one', 1, WINDOW_MS)).allowed, true)
  assert.equal((await limits.take('one', 1, WINDOW_MS)).allowed, false)
  assert.equal((await limits.take('two', 1, WINDOW_MS)).allowed, true)
})

test('window: a changed limit holds within the window that is open', async t => {
  const { windows: limits } = await open(t)
  for (let taken = 0; taken < 3; taken++) await limits.take('key', 3, WINDOW_MS)
  assert.deepEqual(await limits.take('key', 5, WINDOW_MS), {
    allowed: true,
    limit: 5,
    remaining: 1,
    resetAt: START + WINDOW_MS,
    resetInMs: WINDOW_MS,
  })
  assert.deepEqual(await limits.take('key', 2, WINDOW_MS), {
    allowed: false,
    limit: 2,
    remaining: 0,
    resetAt: START + WINDOW_MS,
    resetInMs: WINDOW_MS,
  })
})

const bucketCases: { name: string; moments: number[]; perSecond: number; expected: boolean[] }[] = [
  {
    name: 'a full bucket allows one second of requests at once',
    moments: [0, 0, 0, 0, 0, 0],
    perSecond: 5,
    expected: [true, true, true, true, true, false],
  },
  {
    name: 'tokens drip in evenly',
    moments: [0, 0, 499, 500, 500, 1000, 1000],
    perSecond: 2,
    expected: [true, true, false, true, false, true, false],
  },
  {
    name: 'a refused request takes nothing',
    moments: [0, 900, 950, 999, 1000],
    perSecond: 1,
    expected: [true, false, false, false, true],
  },
  {
    name: 'a bucket never holds more than one second',
    moments: [0, 3_600_000, 3_600_000, 3_600_000],
    perSecond: 2,
    expected: [true, true, true, false],
  },
  {
    name: 'fractions of a token add up to a whole one',
    moments: [0, 0, 0, 111, 222, 334],
    perSecond: 3,
    expected: [true, true, true, false, false, true],
  },
  {
    name: 'a clock set back locks nobody out for longer than a second',
    moments: [0, -3_600_000, -3_599_000],
    perSecond: 1,
    expected: [true, false, true],
  },
]

for (const { name, moments, perSecond, expected } of bucketCases) {
  test(`bucket: ${name}`, async t => {
    const { clock, buckets } = await open(t)
    const found: boolean[] = []
    for (const moment of moments) {
      clock.ms = START + moment
      found.push(await buckets.take('key', perSecond))
    }
    assert.deepEqual(found, expected)
  })
}

test('bucket: keys are counted apart', async t => {
  const { buckets } = await open(t)
  assert.deepEqual(
    [await buckets.take('one', 1), await buckets.take('one', 1), await buckets.take('two', 1)],
    [true, false, true],
  )
})

test('bucket: a lowered limit holds at once', async t => {
  const { buckets } = await open(t)
  await buckets.take('key', 10)
  assert.deepEqual(
    [await buckets.take('key', 2), await buckets.take('key', 2), await buckets.take('key', 2)],
    [true, true, false],
  )
})

test('counts in a store that does not answer are told as such, and giving back is not', async t => {
  const store = await openStore('postgres://127.0.0.1:1/nobody', { poolMax: 1, statementTimeoutMs: 1000 })
  t.after(() => store.close())
  const { windows, buckets } = openRateLimits({ now: () => START }, { lookupHash: key => key }, store)
  await assert.rejects(async () => windows.take('key', 1, WINDOW_MS), { code: 'unavailable' })
  await assert.rejects(async () => buckets.take('key', 1), { code: 'unavailable' })
  await windows.giveBack('key')
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { TokenBuckets } from './token-bucket.ts'

const START = Date.parse('2026-03-04T09:30:00.400Z')

/** Takes at these moments (milliseconds after the start) from one key, and tells which were allowed. */
function takeAt(moments: number[], perSecond: number): boolean[] {
  let now = START
  const buckets = new TokenBuckets({ now: () => now })
  return moments.map(moment => {
    now = START + moment
    return buckets.take('key', perSecond)
  })
}

const cases: { name: string; moments: number[]; perSecond: number; expected: boolean[] }[] = [
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

for (const { name, moments, perSecond, expected } of cases) {
  test(name, () => assert.deepEqual(takeAt(moments, perSecond), expected))
}

test('keys are counted apart', () => {
  const buckets = new TokenBuckets({ now: () => START })
  assert.deepEqual([buckets.take('one', 1), buckets.take('one', 1), buckets.take('two', 1)], [true, false, true])
})

test('a lowered limit holds at once', () => {
  const buckets = new TokenBuckets({ now: () => START })
  buckets.take('key', 10)
  assert.deepEqual([buckets.take('key', 2), buckets.take('key', 2), buckets.take('key', 2)], [true, true, false])
})

test('buckets that are dropped while others are used take no one else with them', () => {
  let now = START
  const buckets = new TokenBuckets({ now: () => now })
  for (let index = 0; index < 1000; index++) {
    now += 7
    buckets.take(`passing ${index}`, 1)
    buckets.take('steady', 1)
    assert.equal(buckets.take('steady', 1), false, `bucket ${index} was lost`)
  }
})

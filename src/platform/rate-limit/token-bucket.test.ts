// What it counts, and what it refuses: test/rate-limits.test.ts.

import assert from 'node:assert/strict'
import test from 'node:test'
import { TokenBuckets } from './token-bucket.ts'

const START = Date.parse('2026-03-04T09:30:00.400Z')

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

// What it counts, and what it refuses: test/rate-limits.test.ts.

import assert from 'node:assert/strict'
import test from 'node:test'
import { FixedWindow } from './fixed-window.ts'

const START = Date.parse('2026-03-04T09:30:00.400Z')
const WINDOW_MS = 1000

test('windows that are dropped while others open take no open one with them', () => {
  let now = START
  const limits = new FixedWindow({ now: () => now })
  for (let index = 0; index < 1000; index++) {
    now += 7
    limits.take(`passing ${index}`, 1, WINDOW_MS)
    const first = limits.take('steady', 1, WINDOW_MS)
    const second = limits.take('steady', 1, WINDOW_MS)
    assert.equal(second.allowed, false, `window ${index} was lost`)
    assert.equal(second.resetAt, first.resetAt)
  }
})

test('windows that ended are dropped, whatever longer ones are open', () => {
  let now = START
  const limits = new FixedWindow({ now: () => now })
  limits.take('long', 1, 3_600_000)
  for (let index = 0; index < 10_000; index++) {
    now += 100
    limits.take(`passing ${index}`, 1, WINDOW_MS)
  }
  assert.ok(limits.size <= 1 + 2 * (WINDOW_MS / 100), `${limits.size} windows`)
  assert.equal(limits.take('long', 1, 3_600_000).allowed, false)
})

test('windows from before the clock was set back are dropped, not kept until it comes there again', () => {
  let now = START
  const limits = new FixedWindow({ now: () => now })
  for (let index = 0; index < 100; index++) limits.take(`before ${index}`, 1, WINDOW_MS)
  now -= 3_600_000
  for (let index = 0; index < 100; index++) limits.take(`after ${index}`, 1, WINDOW_MS)
  assert.equal(limits.size, 100)
  assert.equal(limits.take('after 0', 1, WINDOW_MS).allowed, false)
})

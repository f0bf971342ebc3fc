import assert from 'node:assert/strict'
import test from 'node:test'
import { FixedWindow } from './fixed-window.ts'

const START = Date.parse('2026-03-04T09:30:00.400Z')
const WINDOW_MS = 1000

/** Takes at these moments (milliseconds after the start) from one key, and tells what became of each. */
function takeAt(moments: number[], limit: number): { allowed: boolean; remaining: number; resetIn: number }[] {
  let now = START
  const limits = new FixedWindow({ now: () => now })
  return moments.map(moment => {
    now = START + moment
    const { allowed, remaining, resetAt } = limits.take('key', limit, WINDOW_MS)
    return { allowed, remaining, resetIn: resetAt - START }
  })
}

const cases: { name: string; moments: number[]; limit: number; expected: [boolean, number, number][] }[] = [
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

for (const { name, moments, limit, expected } of cases) {
  test(name, () => {
    const found = takeAt(moments, limit).map(({ allowed, remaining, resetIn }) => [allowed, remaining, resetIn])
    assert.deepEqual(found, expected)
  })
}

test('what is given back can be taken again in the same window', () => {
  const limits = new FixedWindow({ now: () => START })
  limits.take('key', 2, WINDOW_MS)
  limits.take('key', 2, WINDOW_MS)
  limits.giveBack('key')
  const [resetAt, resetInMs] = [START + WINDOW_MS, WINDOW_MS]
  assert.deepEqual(limits.take('key', 2, WINDOW_MS), { allowed: true, limit: 2, remaining: 0, resetAt, resetInMs })
  assert.deepEqual(limits.take('key', 2, WINDOW_MS), { allowed: false, limit: 2, remaining: 0, resetAt, resetInMs })
})

test('attempts that all fail but one leave the others counted, whatever their order', () => {
  const limits = new FixedWindow({ now: () => START })
  const [, second] = ['first', 'second', 'third'].map(() => limits.take('key', 3, WINDOW_MS))
  assert.equal(second?.allowed, true)
  limits.giveBack('key')
  assert.equal(limits.take('key', 3, WINDOW_MS).allowed, true)
  assert.equal(limits.take('key', 3, WINDOW_MS).allowed, false)
})

test('no more is given back than was taken', () => {
  const limits = new FixedWindow({ now: () => START })
  limits.take('key', 1, WINDOW_MS)
  for (let times = 0; times < 3; times++) limits.giveBack('key')
  assert.equal(limits.take('key', 1, WINDOW_MS).allowed, true)
  assert.equal(limits.take('key', 1, WINDOW_MS).allowed, false)
})

test('a window that ended is given nothing, and passes nothing on to the next', () => {
  let now = START
  const limits = new FixedWindow({ now: () => now })
  limits.take('key', 1, WINDOW_MS)
  now += WINDOW_MS
  limits.giveBack('key')
  assert.equal(limits.take('key', 1, WINDOW_MS).allowed, true)
  assert.equal(limits.take('key', 1, WINDOW_MS).allowed, false)
})

test('giving back to a key without a window, or to another key, changes nothing', () => {
  const limits = new FixedWindow({ now: () => START })
  limits.giveBack('one')
  limits.take('one', 1, WINDOW_MS)
  limits.giveBack('two')
  assert.equal(limits.take('one', 1, WINDOW_MS).allowed, false)
  assert.equal(limits.take('two', 1, WINDOW_MS).allowed, true)
})

test('keys are counted apart', () => {
  const limits = new FixedWindow({ now: () => START })
  assert.equal(limits.take('one', 1, WINDOW_MS).allowed, true)
  assert.equal(limits.take('one', 1, WINDOW_MS).allowed, false)
  assert.equal(limits.take('two', 1, WINDOW_MS).allowed, true)
})

test('a changed limit holds within the window that is open', () => {
  const limits = new FixedWindow({ now: () => START })
  for (let taken = 0; taken < 3; taken++) limits.take('key', 3, WINDOW_MS)
  assert.deepEqual(limits.take('key', 5, WINDOW_MS), {
    allowed: true,
    limit: 5,
    remaining: 1,
    resetAt: START + WINDOW_MS,
    resetInMs: WINDOW_MS,
  })
  assert.deepEqual(limits.take('key', 2, WINDOW_MS), {
    allowed: false,
    limit: 2,
    remaining: 0,
    resetAt: START + WINDOW_MS,
    resetInMs: WINDOW_MS,
  })
})

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

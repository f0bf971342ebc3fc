import assert from 'node:assert/strict'
import test from 'node:test'
import { share } from './claims.ts'

const cases: {
  name: string
  due: string[]
  inFlight?: [string, number][]
  free: number
  shares: [string, number][]
}[] = [
  { name: 'nothing is due', due: [], free: 10, shares: [] },
  { name: 'nothing is free', due: ['a'], free: 0, shares: [] },
  { name: 'one endpoint gets no more than its places', due: ['a'], free: 10, shares: [['a', 3]] },
  {
    name: 'each gets one before any gets two',
    due: ['a', 'b'],
    free: 3,
    shares: [
      ['a', 2],
      ['b', 1],
    ],
  },
  {
    name: 'the longest waiting come first',
    due: ['a', 'b', 'c'],
    free: 2,
    shares: [
      ['a', 1],
      ['b', 1],
    ],
  },
  {
    name: 'who has something in flight comes after',
    due: ['a', 'b'],
    inFlight: [['a', 1]],
    free: 1,
    shares: [['b', 1]],
  },
  { name: 'what is in flight counts', due: ['a'], inFlight: [['a', 2]], free: 10, shares: [['a', 1]] },
]
for (const { name, due, inFlight = [], free, shares } of cases) {
  test(name, () => {
    assert.deepEqual([...share(due, new Map(inFlight), free, 3)], shares)
  })
}

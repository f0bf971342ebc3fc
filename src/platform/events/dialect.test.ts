import assert from 'node:assert/strict'
import test from 'node:test'
import { covers } from './dialect.ts'

const cases: [names: string[], type: string, expected: boolean][] = [
  [[], 'membership.created', true],
  [['membership.created'], 'membership.created', true],
  [['tracking.update', 'membership.created'], 'membership.created', true],
  [['membership.created'], 'membership.created.more', false],
  [['membership.create'], 'membership.created', false],
  [['membership.*'], 'membership.created', true],
  [['membership.*'], 'member.created', false],
  [['membership.*'], 'membershipcreated', false],
  [['*'], 'membership.created', false],
]
for (const [names, type, expected] of cases) {
  test(`${JSON.stringify(names)} ${expected ? 'takes in' : 'leaves out'} ${type}`, () => {
    assert.equal(covers(names, type), expected)
  })
}

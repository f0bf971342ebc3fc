import assert from 'node:assert/strict'
import test from 'node:test'
import { Warnings } from './warnings.ts'

const HOUR = 3_600_000

test('warnings: what fails is told until it is well again', () => {
  const warnings = new Warnings()
  assert.deepEqual(warnings.list(), [])
  warnings.raise('webhooks', 'a')
  warnings.raise('webhooks', 'b')
  warnings.raise('webhooks', 'b')
  warnings.raise('mail')
  assert.deepEqual(warnings.list(), [
    'webhooks: 2 endpoints did not take the last delivery; the log says which and why',
    'mail: the last attempt to send one failed; the log says why',
  ])
  warnings.withdraw('webhooks', 'b')
  warnings.withdraw('mail')
  warnings.withdraw('clock')
  assert.deepEqual(warnings.list(), ['webhooks: 1 endpoint did not take the last delivery; the log says which and why'])
})

test('warnings: nothing stands for more than an hour after it was seen last', () => {
  let now = 0
  const warnings = new Warnings(() => now)
  warnings.raise('clock')
  now = HOUR - 1
  assert.equal(warnings.list().length, 1)
  warnings.raise('clock')
  now = HOUR
  assert.equal(warnings.list().length, 1, 'raised anew')
  now = 2 * HOUR - 1
  assert.deepEqual(warnings.list(), [])
})

test('warnings: of many that fail a thousand are kept, the last', () => {
  const warnings = new Warnings()
  for (let n = 0; n < 1500; n++) warnings.raise('webhooks', `endpoint ${n}`)
  assert.match(warnings.list().join(), /: 1000 or more endpoints/)
  warnings.withdraw('webhooks', 'endpoint 0')
  assert.match(warnings.list().join(), /: 1000 or more endpoints/, 'forgotten before')
  warnings.withdraw('webhooks', 'endpoint 1499')
  assert.match(warnings.list().join(), /: 999 endpoints/)
})

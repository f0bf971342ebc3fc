import assert from 'node:assert/strict'
import test from 'node:test'
import { DomainError } from '../../platform/errors.ts'
import { money, shortText, text } from './fields.ts'

const amounts: [unknown, string | null | undefined][] = [
  [undefined, undefined],
  [null, null],
  ['', null],
  ['  ', null],
  ['0', '0.00'],
  [0, '0.00'],
  [-0, '0.00'],
  ['50', '50.00'],
  ['50.5', '50.50'],
  [' 50.05 ', '50.05'],
  [7.25, '7.25'],
  ['000', '0.00'],
  ['007.10', '7.10'],
  ['999999999999.99', '999999999999.99'],
]
for (const [given, expected] of amounts) {
  test(`an amount of ${JSON.stringify(given)} is ${expected}`, () => {
    assert.equal(money(given === undefined ? {} : { amount: given }, 'amount'), expected)
  })
}

for (const given of [
  '-1',
  '+1',
  '1.',
  '.5',
  '1.234',
  '1,5',
  '1e3',
  '0x10',
  '٣',
  '1 000',
  'NaN',
  1e21,
  1 / 3,
  true,
  [],
  {},
  ['1'],
]) {
  test(`an amount of ${JSON.stringify(given)} is none`, () => {
    assert.throws(
      () => money({ amount: given }, 'amount'),
      (error: unknown) => error instanceof DomainError && error.reason === 'parameterType',
    )
  })
}

test('scalars as text', () => {
  for (const [given, expected] of [
    ['a', 'a'],
    [12, '12'],
    [1.5, '1.5'],
    [true, 'true'],
    ['', ''],
    [null, null],
  ]) {
    assert.equal(text({ field: given }, 'field'), expected)
  }
  assert.equal(text({}, 'field'), undefined)
  assert.equal(text({}, 'toString'), undefined)
})

test('length is counted in characters', () => {
  assert.equal(shortText({ field: '𝒳𝒳' }, 'field', 2), '𝒳𝒳')
  assert.throws(() => shortText({ field: 'abc' }, 'field', 2), DomainError)
})

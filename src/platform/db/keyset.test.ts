import assert from 'node:assert/strict'
import test from 'node:test'
import { DomainError } from '../errors.ts'
import { numberOf, type Place, pageByNumber, pageOf, placeOf, START } from './keyset.ts'

const rows: Place[] = ['a', 'b', 'acc_c:1.x-Y'].map(id => ({ createdAt: '2026-03-04T09:30:00.000Z', id }))
const encode = (text: string) => Buffer.from(text).toString('base64url')

test('without a cursor a list begins at the start', () => {
  assert.deepEqual(placeOf(undefined), START)
})

const pages: { rows: number; limit: number; items: number; more: boolean }[] = [
  { rows: 0, limit: 2, items: 0, more: false },
  { rows: 2, limit: 3, items: 2, more: false },
  { rows: 2, limit: 2, items: 2, more: false },
  { rows: 3, limit: 2, items: 2, more: true },
]
for (const { rows: count, limit, items, more } of pages) {
  test(`${count} rows at a limit of ${limit} are ${items} items ${more ? 'and a next page' : 'and the end'}`, () => {
    const page = pageOf(rows.slice(0, count), limit)
    assert.equal(page.items.length, items)
    assert.equal(page.next !== null, more)
  })
}

test('a cursor leads back to the last item of its page', () => {
  for (const last of rows) {
    const { next } = pageOf([last, { createdAt: 'later', id: 'z' }], 1)
    assert.ok(next)
    assert.match(next, /^[\w-]+$/, 'it needs no escape in a query')
    assert.deepEqual(placeOf(next), last)
  }
})

const notCursors: [name: string, text: string][] = [
  ['an empty text', ''],
  ['no base64url', '%%%'],
  ['one part', encode('2026-03-04T09:30:00.000Z')],
  ['an empty time', encode(' a')],
  ['an empty id', encode('2026-03-04T09:30:00.000Z ')],
  ['three parts', encode('2026-03-04T09:30:00.000Z a b')],
  ['a time that is none', encode('later a')],
  ['a place in another list, which counts', '42'],
]
for (const [name, text] of notCursors) {
  test(`${name} is refused as a cursor`, () => assert.throws(() => placeOf(text), isRefusal))
}

test('a page by number leads back to the number of its last item', () => {
  const page = pageByNumber(['a', 'b', 'c'], 2, row => (row === 'b' ? 41 : 0))
  assert.deepEqual(page, { items: ['a', 'b'], next: '41' })
  assert.equal(numberOf('41', 0), 41)
  assert.deepEqual(
    pageByNumber(['a', 'b'], 2, () => 0),
    { items: ['a', 'b'], next: null },
  )
  assert.equal(numberOf(undefined, -1), -1)
})

for (const text of ['', '-1', '1.5', '1e3', '0x10', ' 1', 'later', '1'.repeat(16)]) {
  test(`"${text}" is refused as a number`, () => assert.throws(() => numberOf(text, 0), isRefusal))
}

function isRefusal(error: unknown): boolean {
  return error instanceof DomainError && error.code === 'invalid' && error.issues[0]?.path === 'after'
}

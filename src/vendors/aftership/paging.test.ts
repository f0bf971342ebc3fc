import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { firstOf, pageRequest } from './paging.ts'

test('page and limit are clamped, never refused: contract section 4.1', () => {
  const cases: [{ page?: unknown; limit?: unknown }, number, number][] = [
    [{}, 1, 100],
    [{ page: '1', limit: '1' }, 1, 1],
    [{ page: '7', limit: '200' }, 7, 200],
    [{ page: '007', limit: '0200' }, 7, 200],
    [{ limit: '201' }, 1, 200],
    [{ limit: '99999999999999999999' }, 1, 200],
    [{ page: '0', limit: '0' }, 1, 100],
    [{ page: '-1', limit: '-1' }, 1, 100],
    [{ page: '1.5', limit: '2.0' }, 1, 100],
    [{ page: '2e1', limit: '0x10' }, 1, 100],
    [{ page: ' 2', limit: '2 ' }, 1, 100],
    [{ page: '+2', limit: '1_0' }, 1, 100],
    [{ page: '', limit: '' }, 1, 100],
    [{ page: 'two', limit: 'NaN' }, 1, 100],
    [{ page: '٢', limit: '２' }, 1, 100],
    [{ page: '2\n', limit: '3\n' }, 1, 100],
    [{ page: ['3', '4'], limit: ['5', '6'] }, 3, 5],
    [{ page: ['', '4'], limit: ['x', '6'] }, 1, 100],
    [{ page: [], limit: {} }, 1, 100],
    [{ page: 2, limit: null }, 1, 100],
  ]
  for (const [query, page, limit] of cases) {
    assert.deepEqual(pageRequest(query), { page, limit }, JSON.stringify(query))
  }
})

test('whatever comes, the offset is a number that a store can take', () => {
  const value = fc.oneof(fc.string(), fc.bigInt().map(String), fc.array(fc.string()), fc.anything())
  fc.assert(
    fc.property(value, value, (first, second) => {
      const { page, limit } = pageRequest({ page: first, limit: second })
      assert.ok(Number.isSafeInteger((page - 1) * limit))
      assert.ok(page >= 1 && limit >= 1 && limit <= 200)
    }),
  )
})

test('of a repeated parameter the first counts', () => {
  assert.equal(firstOf('a'), 'a')
  assert.equal(firstOf(['a', 'b']), 'a')
  assert.equal(firstOf(['']), '')
  assert.equal(firstOf([]), undefined)
  assert.equal(firstOf(undefined), undefined)
  assert.equal(firstOf(1), undefined)
})

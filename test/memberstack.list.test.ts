// Memberstack contract section 5: the list, its cursors in both orders, its totals, and odd parameters.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  acme,
  acmeWith,
  assertRefused,
  call,
  createMember,
  globex,
  type Json,
  keys,
  ok,
  SEED,
  seedOf,
} from './memberstack.support.ts'
import { startApp, type TestApp } from './support.ts'

/** Acme with so many members `m1@…`, `m2@…`, and these settings. */
function startWith(count: number, settings: object = {}): Promise<TestApp> {
  const sandbox = Array.from({ length: count }, (_, n) => ({ email: `m${n + 1}@acme.example`, json: { n: n + 1 } }))
  return startApp(seedOf(acmeWith(settings, { members: { sandbox } }), globex))
}

interface Page {
  totalCount: number
  endCursor: number
  hasNextPage: boolean
  /** The numbers in the emails of the members shown. */
  shown: number[]
  data: Json[]
}

/** One page, with what every page must be. */
async function page(app: TestApp, query: Record<string, string | number> = {}, key = keys.acme): Promise<Page> {
  const parameters = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
  const body = await ok(app, 'GET', `/members?${parameters.join('&')}`, { key })
  assert.deepEqual(Object.keys(body).toSorted(), ['data', 'endCursor', 'hasMore', 'hasNextPage', 'totalCount'])
  assert.equal(typeof body.hasNextPage, 'boolean')
  assert.equal(body.hasMore, body.hasNextPage)
  assert.ok(Number.isSafeInteger(body.endCursor) && body.endCursor >= 1)
  const shown = body.data.map(({ auth }: Json) => Number(/^m(\d+)@/.exec(auth.email)?.[1]))
  return { ...body, shown }
}

/** Follows `endCursor` until `hasNextPage` is false; `meanwhile` runs after each page. */
async function walk(
  app: TestApp,
  query: Record<string, string | number>,
  meanwhile: (page: Page) => Promise<unknown> = async () => {},
): Promise<number[]> {
  const seen: number[] = []
  let after = 0
  for (let pages = 0; pages < 100; pages++) {
    const next = await page(app, { ...query, ...(after === 0 ? {} : { after }) })
    seen.push(...next.shown)
    if (!next.hasNextPage) return seen
    assert.equal(next.shown.length, Number(query.limit), 'only the last page is short')
    after = next.endCursor
    await meanwhile(next)
  }
  assert.fail('the list does not end')
}

const upTo = (count: number) => Array.from({ length: count }, (_, n) => n + 1)
const removeOne = (app: TestApp, n: number) =>
  page(app, { limit: 100 }).then(({ data, shown }) => ok(app, 'DELETE', `/members/${data[shown.indexOf(n)].id}`))

describe('pages', () => {
  test('of every size, in both orders, show each member once and in order', async () => {
    const app = await startWith(7)
    for (const limit of [1, 2, 3, 6, 7, 8, 100]) {
      assert.deepEqual(await walk(app, { limit }), upTo(7))
      assert.deepEqual(await walk(app, { limit, order: 'ASC' }), upTo(7))
      assert.deepEqual(await walk(app, { limit, order: 'DESC' }), upTo(7).reverse())
    }
  })

  test('numbers grow from 2 on; the last page says so and still has a cursor', async () => {
    const app = await startWith(3)
    const first = await page(app, { limit: 1 })
    assert.ok(first.endCursor >= 2)
    assert.deepEqual([first.totalCount, first.shown, first.hasNextPage], [3, [1], true])
    const second = await page(app, { limit: 2, after: first.endCursor })
    assert.ok(second.endCursor > first.endCursor)
    assert.deepEqual([second.totalCount, second.shown, second.hasNextPage], [3, [2, 3], false])
    const down = await page(app, { limit: 2, order: 'DESC', after: second.endCursor })
    assert.deepEqual([down.shown, down.endCursor, down.hasNextPage], [[2, 1], first.endCursor, false])
  })

  test('an empty page gives back its cursor; 1 where there was none', async () => {
    const app = await startWith(2)
    const { endCursor } = await page(app)
    for (const after of [endCursor, endCursor + 1, 1_000_000, Number.MAX_SAFE_INTEGER]) {
      const empty = await page(app, { after })
      assert.deepEqual([empty.totalCount, empty.endCursor, empty.hasNextPage, empty.data], [2, after, false, []])
    }
    for (const after of [1, 2]) {
      const empty = await page(app, { after, order: 'DESC' })
      assert.deepEqual([empty.totalCount, empty.endCursor, empty.hasNextPage, empty.data], [2, after, false, []])
    }
    const nobody = await page(app, {}, keys.globexLive)
    assert.deepEqual([nobody.totalCount, nobody.endCursor, nobody.hasNextPage, nobody.data], [0, 1, false, []])
  })

  test('from the start: no cursor, 0, or an empty one', async () => {
    const app = await startWith(3)
    for (const order of ['ASC', 'DESC']) {
      const { shown } = await page(app, { order })
      for (const after of ['0', '', '000']) assert.deepEqual((await page(app, { order, after })).shown, shown)
    }
  })

  test('a cursor that is no whole number is refused', async () => {
    const app = await startWith(2)
    for (const after of ['abc', '1.5', '2x', 'null', 'NaN', '%00']) {
      assertRefused(await call(app, 'GET', `/members?after=${after}`), 'badField', 'after')
    }
  })

  test('the largest cursor is the largest number that can be echoed exactly', async () => {
    const app = await startWith(2)
    const { body } = await call(app, 'GET', `/members?after=${Number.MAX_SAFE_INTEGER}`)
    assert.deepEqual([body.data, body.endCursor], [[], 2 ** 53 - 1])
    assertRefused(await call(app, 'GET', `/members?after=${2 ** 53}`), 'badField', 'after')
  })

  test('a cursor too large to count is no fault of ours', async () => {
    const app = await startWith(2)
    for (const after of ['9'.repeat(20), '9'.repeat(400), '1e5', '-1', '0x10']) {
      for (const order of ['ASC', 'DESC']) {
        const { status } = await call(app, 'GET', `/members?after=${after}&order=${order}`)
        assert.ok(status === 200 || status === 400, `${after}: ${status}`)
      }
    }
  })

  test('anything but DESC counts as ASC', async () => {
    const app = await startWith(3)
    for (const order of ['ASC', 'asc', 'desc', 'up', '', 'DESC ']) {
      assert.deepEqual((await page(app, { order })).shown, [1, 2, 3], order)
    }
  })
})

describe('how many', () => {
  test('50 by default, 100 at most, and odd sizes count as none', async () => {
    const app = await startWith(120)
    assert.deepEqual((await page(app)).shown, upTo(50))
    for (const limit of ['0', '-3', '2.5', 'abc', '', 'null', '1e1x']) {
      assert.equal((await page(app, { limit })).shown.length, 50, `limit=${limit}`)
      assert.equal((await page(app, { first: limit })).shown.length, 50, `first=${limit}`)
    }
    for (const limit of [100, 101, 500, '9'.repeat(30)]) {
      const { shown, hasNextPage, totalCount } = await page(app, { limit })
      assert.deepEqual([shown.length, hasNextPage, totalCount], [100, true, 120], `limit=${limit}`)
    }
    assert.deepEqual(await walk(app, { limit: 100 }), upTo(120))
  })

  test('the most is a setting, for the default too', async () => {
    const app = await startWith(5, { pageSizeMax: 3 })
    for (const query of [{}, { limit: 4 }, { first: 5 }, { limit: 3 }]) {
      assert.deepEqual((await page(app, query)).shown, [1, 2, 3])
    }
    assert.deepEqual((await page(app, { limit: 2 })).shown, [1, 2])
  })

  test('parameters that come twice, in brackets or with strange names are no fault of ours', async () => {
    const app = await startWith(2)
    for (const query of ['limit=1&limit=2', 'limit[]=1', 'order=ASC&order=DESC', 'first[x]=1', 'toString=1', '&&=&']) {
      assert.equal((await call(app, 'GET', `/members?${query}`)).status, 200, query)
    }
    const { status } = await call(app, 'GET', '/members?after=1&after=2')
    assert.ok(status === 200 || status === 400)
  })
})

test('json only when asked for, connections always', async () => {
  const app = await startApp(SEED)
  for (const [query, asked] of [
    ['', false],
    ['?includeJSON=false', false],
    ['?includeJSON=', false],
    ['?includeJSON=true', true],
    ['?order=DESC&includeJSON=true', true],
  ] as const) {
    const { data } = await ok(app, 'GET', `/members${query}`)
    assert.equal(data.length, 2)
    for (const { id, ...member } of data) {
      const { json, ...single } = await ok(app, 'GET', `/members/${id}`)
      assert.deepEqual({ id, ...member }, asked ? { ...single, json } : single, query)
    }
  }
})

describe('while members come and go', () => {
  test('deletes between pages neither skip nor repeat anyone', async () => {
    for (const order of ['ASC', 'DESC']) {
      const app = await startWith(9)
      const expected = order === 'ASC' ? upTo(9) : upTo(9).reverse()
      const doomed: Record<number, number[]> = { 2: [1, 2], 4: [3, 5], 6: [9] }
      if (order === 'DESC') Object.assign(doomed, { 8: [8, 9], 6: [5], 4: [], 3: [1] })
      const gone = new Set<number>()
      const seen = await walk(app, { limit: 2, order }, async ({ shown }) => {
        for (const n of doomed[shown.at(-1) ?? 0] ?? []) {
          await removeOne(app, n)
          if (!shown.includes(n) && isAhead(n, shown, order)) gone.add(n)
        }
      })
      assert.deepEqual(
        seen,
        expected.filter(n => !gone.has(n)),
        order,
      )
      assert.ok(gone.size > 0)
    }
    function isAhead(n: number, shown: number[], order: string): boolean {
      const last = shown.at(-1) ?? 0
      return order === 'ASC' ? n > last : n < last
    }
  })

  test('new ones come at the end, and their numbers were nobody’s before', async () => {
    const app = await startWith(3)
    const { endCursor: last } = await page(app)
    await removeOne(app, 3)
    await createMember(app, { email: 'm4@acme.example' })
    const [end, total] = [await page(app, { after: last }), await page(app)]
    assert.deepEqual([end.shown, total.shown, total.totalCount], [[4], [1, 2, 4], 3])
    assert.ok(end.endCursor > last)
    assert.deepEqual((await page(app, { order: 'DESC', limit: 1 })).shown, [4])
  })

  test('members made at the same time have a number each', async () => {
    const app = await startWith(0)
    await Promise.all(upTo(10).map(n => createMember(app, { email: `m${n}@acme.example` })))
    const walked = await walk(app, { limit: 3 })
    assert.deepEqual(walked.toSorted(), upTo(10).toSorted())
    assert.deepEqual(await walk(app, { limit: 4, order: 'DESC' }), walked.reverse())
  })

  test('totals count the whole environment, and only it', async () => {
    const app = await startApp(seedOf(acme, globex))
    const totals = () =>
      Promise.all(
        [keys.acme, keys.acmeLive, keys.globex, keys.globexLive].map(key =>
          page(app, { limit: 1 }, key).then(({ totalCount }) => totalCount),
        ),
      )
    assert.deepEqual(await totals(), [2, 1, 1, 0])
    const { id } = await createMember(app)
    await createMember(app, {}, { key: keys.globexLive })
    assert.deepEqual(await totals(), [3, 1, 1, 1])
    await ok(app, 'DELETE', `/members/${id}`)
    assert.deepEqual(await totals(), [2, 1, 1, 1])
  })
})

test('a body on GET is ignored, whatever it is', async () => {
  const app = await startWith(3)
  for (const body of ['{"first":1,"after":2}', '{', '[]', 'first=1']) {
    for (const headers of [{ 'content-type': 'application/json' }, { 'content-type': 'text/plain' }]) {
      const answer = await ok(app, 'GET', '/members?limit=2', { body, headers })
      assert.equal(answer.data.length, 2)
    }
  }
})

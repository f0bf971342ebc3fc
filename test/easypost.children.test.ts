// EasyPost contract section 6: the two lists of children, their orders and cursors.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { acme, assertRefused, call, globex, ids, type Json, keys, ok, seedOf } from './easypost.support.ts'
import { operatorOf } from './operator.ts'
import { SERVER_URL } from './postgres.ts'
import { startApp, type TestApp } from './support.ts'

/** PostgreSQL takes several times as long to make children. */
const ON_SQLITE = process.env[SERVER_URL] === undefined

/** c1, the oldest, to c5. */
const five = ['c1', 'c2', 'c3', 'c4', 'c5']
const start = () =>
  startApp(
    seedOf(
      { ...acme, children: five.map(name => ({ id: `user_${name}`, name, keys: { production: `EZAK${name}` } })) },
      globex,
    ),
  )

type Route = 'own' | 'byId'
const pathOf = (route: Route, parent = ids.acme) => (route === 'own' ? '/users/children' : `/users/${parent}/children`)

/** What a page holds, by name: `c1 c2 more`. */
async function page(app: TestApp, route: Route, query: string, key: string = keys.acme): Promise<string> {
  const body = await ok(app, 'GET', `${pathOf(route)}?${query}`, { key })
  assert.deepEqual(Object.keys(body), ['children', 'has_more'])
  const names = body.children.map((child: Json) => child.name)
  return [...names, body.has_more ? 'more' : 'end'].join(' ')
}

describe('pages and cursors', () => {
  const cases: [Route, string, string][] = [
    ['own', 'page_size=2', 'c1 c2 more'],
    ['own', 'page_size=2&after_id=user_c2', 'c3 c4 more'],
    ['own', 'page_size=2&after_id=user_c4', 'c5 end'],
    ['own', 'page_size=2&after_id=user_c3', 'c4 c5 end'],
    ['own', 'page_size=2&after_id=user_c5', 'end'],
    ['own', 'page_size=2&before_id=user_c4', 'c2 c3 more'],
    ['own', 'page_size=2&before_id=user_c3', 'c1 c2 end'],
    ['own', 'page_size=2&before_id=user_c2', 'c1 end'],
    ['own', 'page_size=2&before_id=user_c1', 'end'],
    ['own', '', 'c1 c2 c3 c4 c5 end'],
    ['own', 'page_size=5', 'c1 c2 c3 c4 c5 end'],
    ['byId', 'page_size=2', 'c5 c4 more'],
    ['byId', 'page_size=2&before_id=user_c4', 'c3 c2 more'],
    ['byId', 'page_size=2&before_id=user_c2', 'c1 end'],
    ['byId', 'page_size=2&before_id=user_c3', 'c2 c1 end'],
    ['byId', 'page_size=2&before_id=user_c1', 'end'],
    ['byId', 'page_size=2&after_id=user_c2', 'c4 c3 more'],
    ['byId', 'page_size=2&after_id=user_c3', 'c5 c4 end'],
    ['byId', 'page_size=2&after_id=user_c4', 'c5 end'],
    ['byId', 'page_size=2&after_id=user_c5', 'end'],
    ['byId', '', 'c5 c4 c3 c2 c1 end'],
  ]
  test('as the contract shows them', async () => {
    const app = await start()
    for (const [route, query, expected] of cases)
      assert.equal(await page(app, route, query), expected, `${route} ${query}`)
    await app.assertEvents()
  })

  test('the page size is clamped, never refused', async () => {
    const app = await start()
    const first: [string, string][] = [
      ['page_size', 'c1 c2 c3 c4 c5 end'],
      ['page_size&after_id=user_c2', 'c3 c4 c5 end'],
      ['page_size=', 'c1 c2 c3 c4 c5 end'],
      ['page_size=two', 'c1 c2 c3 c4 c5 end'],
      ['page_size=2.0', 'c1 c2 c3 c4 c5 end'],
      ['page_size=1e1', 'c1 c2 c3 c4 c5 end'],
      ['page_size=0', 'c1 more'],
      ['page_size=-7', 'c1 more'],
      ['page_size=002', 'c1 c2 more'],
      ['page_size=2&page_size=3', 'c1 c2 more'],
      [`page_size=${'9'.repeat(400)}`, 'c1 c2 c3 c4 c5 end'],
      ['after_id=&before_id=', 'c1 c2 c3 c4 c5 end'],
    ]
    for (const [query, expected] of first) assert.equal(await page(app, 'own', query), expected, query)
  })

  test('20 by default, 100 at most', async () => {
    const app = await startApp(
      seedOf({ ...acme, children: Array.from({ length: 101 }, (_, n) => ({ name: `c${n}` })) }),
    )
    for (const [query, length] of [
      ['', 20],
      ['?page_size=100', 100],
      ['?page_size=101', 100],
    ] as const) {
      const { children, has_more } = await ok(app, 'GET', `/users/children${query}`)
      assert.deepEqual([children.length, has_more], [length, true])
    }
  })

  test('a cursor that is no child of the caller is not there; two cursors are refused', async () => {
    const app = await start()
    for (const path of [pathOf('own'), pathOf('byId')]) {
      for (const cursor of ['user_nobody', ids.lab, ids.acme, ids.globex, 'x', '%00']) {
        for (const name of ['after_id', 'before_id']) {
          assertRefused(await call(app, 'GET', `${path}?${name}=${cursor}`), 'NOT_FOUND')
        }
      }
      const both = await call(app, 'GET', `${path}?after_id=user_c1&before_id=user_c3`)
      assertRefused(both, 'UNPROCESSABLE_ENTITY', ['after_id', 'cannot be combined with before_id'])
    }
  })

  test('a deleted child still works as a cursor, by its old place', async () => {
    const app = await start()
    for (const name of ['c2', 'c4']) await ok(app, 'DELETE', `/users/user_${name}`, {}, 204)
    assert.equal(await page(app, 'own', 'page_size=2&after_id=user_c2'), 'c3 c5 end')
    assert.equal(await page(app, 'own', 'page_size=2&before_id=user_c4'), 'c1 c3 end')
    assert.equal(await page(app, 'byId', 'page_size=1&before_id=user_c4'), 'c3 more')
    assert.equal(await page(app, 'byId', 'page_size=2&after_id=user_c2'), 'c5 c3 end')
  })

  test('a loop that deletes each page before it asks for the next finishes', async () => {
    const app = await start()
    const seen: string[] = []
    let cursor = ''
    for (let more = true; more; ) {
      const body = await ok(app, 'GET', `/users/children?page_size=2${cursor}`)
      for (const { id, name } of body.children) {
        seen.push(name)
        await ok(app, 'DELETE', `/users/${id}`, {}, 204)
        cursor = `&after_id=${id}`
      }
      more = body.has_more
    }
    assert.deepEqual(seen, five)
  })

  test('a child has no children, and sees none', async () => {
    const app = await start()
    assert.equal(await page(app, 'own', '', 'EZAKc1'), 'end')
    assert.deepEqual(await ok(app, 'GET', '/users/user_c1/children', { key: 'EZAKc1' }), {
      children: [],
      has_more: false,
    })
    assert.deepEqual(await ok(app, 'GET', '/users/user_c1/children'), { children: [], has_more: false })
    assertRefused(await call(app, 'GET', '/users/children', { key: keys.acmeTest }), 'MODE.UNAUTHORIZED')
    assertRefused(await call(app, 'GET', `/users/${ids.lab}/children`, { key: keys.acmeTest }), 'MODE.UNAUTHORIZED')
  })

  test('paging by number gets the first page again, and is reported', async () => {
    const app = await start()
    for (const query of ['page=2', 'offset=2', 'page=2&page_size=2']) {
      assert.match(await page(app, 'own', query), /^c1 c2/)
      assert.match(await page(app, 'byId', query), /^c5 c4/)
    }
    for (const path of ['/api_keys', '/webhooks', '/events']) await ok(app, 'GET', `${path}?page=1`)
    const traps = app.log.filter(line => line.trap === 'offset-on-cursor-route')
    assert.equal(traps.length, 9)
    const [trap] = traps
    assert.deepEqual([trap?.vendor, trap?.tenant, trap?.route], ['easypost', ids.acme, '/v2/users/children'])
    assert.match(String(trap?.requestId), /^[0-9a-f]{32}$/)
  })
})

interface Walk {
  app: TestApp
  /** By default Acme. */
  parent?: { id: string; key: string }
  route: Route
  pageSize: number
}

/** Walks a list by its own cursor; `meanwhile` runs between pages. */
async function walk(
  { app, parent = { id: ids.acme, key: keys.acme }, route, pageSize }: Walk,
  meanwhile: (step: number) => Promise<void>,
) {
  const { id, key } = parent
  const seen: string[] = []
  let cursor = ''
  for (let step = 0; ; step++) {
    const { children, has_more } = await ok(app, 'GET', `${pathOf(route, id)}?page_size=${pageSize}${cursor}`, { key })
    assert.ok(!has_more || children.length === pageSize, 'only the last page is short')
    seen.push(...children.map((child: Json) => child.id))
    if (!has_more) return seen
    cursor = `&${route === 'own' ? 'after_id' : 'before_id'}=${seen.at(-1)}`
    await meanwhile(step)
  }
}

/** A parent without children, so that one app does for many runs. */
async function freshParent(app: TestApp): Promise<{ id: string; key: string }> {
  const { status, body } = await operatorOf(app).post<Json>('/easypost/parents', {
    name: 'Initech',
    email: `${randomUUID()}@initech.example`,
    rateLimit: acme.rateLimit,
  })
  assert.equal(status, 201)
  return { id: body.parent.id, key: body.keys[1].apiKey }
}

test('a walk misses and repeats no child that was there throughout, whatever is made and deleted meanwhile', async () => {
  const app = await startApp(seedOf())
  const route = fc.constantFrom<Route>('own', 'byId')
  // What happens between two pages: a child is made, or the n-th of those that live is deleted.
  const change = fc.oneof(fc.constant('make' as const), fc.nat({ max: 30 }))
  await fc.assert(
    fc.asyncProperty(
      route,
      fc.integer({ min: 1, max: 7 }),
      fc.nat({ max: 25 }),
      fc.array(fc.array(change, { maxLength: 4 }), { maxLength: 12 }),
      async (chosen, pageSize, size, script) => {
        const parent = await freshParent(app)
        const { key } = parent
        const alive: string[] = []
        const make = async () => {
          const { id } = await ok(app, 'POST', '/users', { body: { name: 'Child' }, key }, 201)
          alive.push(id)
        }
        for (let made = 0; made < size; made++) await make()
        const throughout = new Set(alive)
        const everAlive = new Set(alive)
        const seen = await walk({ app, parent, route: chosen, pageSize }, async step => {
          for (const what of script[step] ?? []) {
            if (what === 'make') {
              await make()
              everAlive.add(alive.at(-1) ?? '')
            } else if (alive.length > 0) {
              const [gone = ''] = alive.splice(what % alive.length, 1)
              throughout.delete(gone)
              await ok(app, 'DELETE', `/users/${gone}`, { key }, 204)
            }
          }
        })
        assert.equal(new Set(seen).size, seen.length, 'nothing twice')
        for (const id of throughout) assert.ok(seen.includes(id), 'nothing missed')
        for (const id of seen) assert.ok(everAlive.has(id))
      },
    ),
    { numRuns: ON_SQLITE ? 25 : 15 },
  )
})

/** Many pages of the largest size; on PostgreSQL still several. */
const MANY = ON_SQLITE ? 2500 : 500

test(`${MANY} children are walked both ways while others come and go`, async () => {
  const children = Array.from({ length: MANY }, (_, n) => ({ id: `user_${n}`, name: `Child ${n}` }))
  const app = await startApp(seedOf({ ...acme, children }))
  const expected = new Set(children.map(({ id }) => id))
  const goOn = async (step: number) => {
    // One that the walk has seen, one that it has not, and a new one.
    for (const n of [step * 40, MANY - 1 - step * 40]) {
      const id = `user_${n}`
      if (expected.delete(id)) await ok(app, 'DELETE', `/users/${id}`, {}, 204)
    }
    await ok(app, 'POST', '/users', { body: { name: 'Late' } }, 201)
  }
  const oldestFirst = await walk({ app, route: 'own', pageSize: 100 }, goOn)
  const newestFirst = await walk({ app, route: 'byId', pageSize: 100 }, goOn)
  for (const seen of [oldestFirst, newestFirst]) {
    assert.equal(new Set(seen).size, seen.length)
    const found = new Set(seen)
    for (const id of expected) assert.ok(found.has(id), id)
  }
  const numbers = oldestFirst.filter(id => /^user_\d+$/.test(id)).map(id => Number(id.slice('user_'.length)))
  assert.deepEqual(
    numbers.slice(0, MANY * 0.9),
    numbers.slice(0, MANY * 0.9).toSorted((a, b) => a - b),
  )
})

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { sql } from 'kysely'
import { openStore } from './engine.ts'

/** A store on disk with one number in it, which another connection can change too. */
async function oneNumber(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'understudy-'))
  const store = await openStore(directory, { poolMax: 1, statementTimeoutMs: 1000 })
  await sql`create table numbers (id text primary key, n integer, more text)`.execute(store.db)
  await sql`insert into numbers values ('a', 1, '')`.execute(store.db)
  const other = new DatabaseSync(join(directory, 'understudy.db'))
  t.after(async () => {
    other.close()
    await store.close()
    rmSync(directory, { recursive: true })
  })
  const query = (id: string) => sql<{ n: number }>`select n, more from numbers where id = ${id}`.compile(store.db)
  return {
    store,
    other,
    rows: (id = 'a') => store.readSoon(query(id)),
    read: async (id = 'a') => (await store.readSoon(query(id)))[0]?.n,
    set: (n: number) => sql`update numbers set n = ${n}`.execute(store.db),
  }
}

test('what did not change is answered from memory, with the same rows, and nobody can change those', async t => {
  const { rows } = await oneNumber(t)
  const [first, again] = [await rows(), await rows()]
  assert.equal(again[0], first[0])
  assert.throws(() => Object.assign(first[0] ?? {}, { n: 2 }), TypeError)
  assert.throws(() => first.pop(), TypeError)
})

test('a change of ours is seen by the next read', async t => {
  const { read, set } = await oneNumber(t)
  for (const n of [1, 2, 3]) {
    await set(n)
    assert.equal(await read(), n)
    assert.equal(await read(), n)
  }
})

test('a committed transaction is seen, one that was rolled back is not, and none is while it is under way', async t => {
  const { store, read } = await oneNumber(t)
  assert.equal(await read(), 1)
  await store.transact(async db => void (await sql`update numbers set n = 2`.execute(db)))
  assert.equal(await read(), 2)
  const failing = store.transact(async db => {
    await sql`update numbers set n = 3`.execute(db)
    // Long enough for reads that come now to have their turn.
    await new Promise(setImmediate)
    await new Promise(setImmediate)
    throw new Error('changed my mind')
  })
  const meanwhile = read()
  await assert.rejects(failing, /changed my mind/)
  assert.equal(await meanwhile, 2)
  assert.equal(await read(), 2)
})

test('what another process committed is seen by the next read', async t => {
  const { other, read } = await oneNumber(t)
  for (const n of [1, 7, 8]) {
    other.prepare('update numbers set n = ?').run(n)
    assert.equal(await read(), n)
  }
})

test('reads with other parameters have answers of their own, also where there is none', async t => {
  const { read, set, store } = await oneNumber(t)
  assert.deepEqual([await read('b'), await read('a'), await read('b')], [undefined, 1, undefined])
  await sql`insert into numbers values ('b', 5, '')`.execute(store.db)
  await set(6)
  assert.deepEqual([await read('b'), await read('a')], [6, 6])
})

test('long questions and large answers are read anew, and right', async t => {
  const { rows, store } = await oneNumber(t)
  const id = 'x'.repeat(10_000)
  await sql`insert into numbers values (${id}, 2, ''), ('large', 3, ${'y'.repeat(100_000)})`.execute(store.db)
  for (const name of [id, 'large']) {
    const [first, again] = [await rows(name), await rows(name)]
    assert.deepEqual(again, first)
    assert.notEqual(again[0], first[0])
  }
})

test('far more answers than are kept are all right', async t => {
  const { read, store } = await oneNumber(t)
  await sql`with recursive up(n) as (select 0 union all select n + 1 from up where n < 9999)
    insert into numbers select 'row ' || n, n, '' from up`.execute(store.db)
  for (let round = 0; round < 2; round++) {
    const found = await Promise.all(Array.from({ length: 10_000 }, (_, n) => read(`row ${n}`)))
    assert.deepEqual(
      found,
      Array.from({ length: 10_000 }, (_, n) => n),
    )
  }
})

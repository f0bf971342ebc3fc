import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { type Kysely, sql } from 'kysely'
import type { Database } from './database.ts'
import { openStore, type Store } from './engine.ts'

/** A store on disk with one table of numbers, each once, and what another process sees of it. */
async function numbers(t: TestContext): Promise<{ store: Store; seen(): unknown[] }> {
  const directory = mkdtempSync(join(tmpdir(), 'understudy-'))
  const store = await openStore(directory, { poolMax: 1, statementTimeoutMs: 1000 })
  await sql`create table numbers (n integer primary key, check (n < 1000))`.execute(store.db)
  const other = new DatabaseSync(join(directory, 'understudy.db'), { readOnly: true })
  t.after(async () => {
    other.close()
    await store.close()
    rmSync(directory, { recursive: true })
  })
  const all = other.prepare('select n from numbers order by n')
  return { store, seen: () => all.all().map(({ n }) => n) }
}

const insert = (n: number) => async (db: Kysely<Database>) => {
  await sql`insert into numbers values (${n})`.execute(db)
  return n
}

test('transactions at once are on the disk, all of them, when the first is acknowledged', async t => {
  const { store, seen } = await numbers(t)
  const upTo64 = Array.from({ length: 64 }, (_, n) => n)
  const first = await Promise.race(upTo64.map(n => store.transact(insert(n))))
  assert.equal(first, 0)
  assert.deepEqual(seen(), upTo64)
})

test('more than fit into one group are committed too, in the order in which they came', async t => {
  const { store, seen } = await numbers(t)
  const acknowledged: number[] = []
  const all = Array.from({ length: 300 }, (_, n) => n)
  await Promise.all(all.map(n => store.transact(insert(n)).then(() => acknowledged.push(n))))
  assert.deepEqual(acknowledged, all)
  assert.deepEqual(seen(), all)
})

test('one that fails leaves nothing, and the others of its group stand', async t => {
  const { store, seen } = await numbers(t)
  const halfDone = async (db: Kysely<Database>) => {
    await insert(2)(db)
    throw new Error('changed my mind')
  }
  const refused = async (db: Kysely<Database>) => {
    await insert(3)(db)
    await insert(1)(db)
  }
  const outcomes = await Promise.allSettled(
    [insert(1), halfDone, refused, insert(4)].map(work => store.transact<unknown>(work)),
  )
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'rejected', 'fulfilled'],
  )
  assert.deepEqual(seen(), [1, 4])
})

test('each sees what those before it in its group did', async t => {
  const { store } = await numbers(t)
  const count = async (db: Kysely<Database>) => {
    const { rows } = await sql<{ found: number }>`select count(*) as found from numbers`.execute(db)
    return rows[0]?.found
  }
  const [, found] = await Promise.all([store.transact(insert(1)), store.transact(count)])
  assert.equal(found, 1)
})

test('where the whole transaction is lost nobody of its group is acknowledged, and the next one works', async t => {
  const { store, seen } = await numbers(t)
  // As a full disk does: SQLite ends the transaction by itself.
  const lose = async (db: Kysely<Database>) => {
    await sql`insert or rollback into numbers values (1000)`.execute(db)
  }
  const outcomes = await Promise.allSettled([insert(1), lose, insert(2)].map(work => store.transact<unknown>(work)))
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected', 'rejected'],
  )
  assert.deepEqual(seen(), [])
  await store.transact(insert(3))
  assert.deepEqual(seen(), [3])
})

test('a commit that fails is a failure of all, refusals included', async t => {
  const { store, seen } = await numbers(t)
  await sql`create table parts (n integer references numbers (n) deferrable initially deferred)`.execute(store.db)
  const orphan = (db: Kysely<Database>) => sql`insert into parts values (7)`.execute(db)
  const refuse = async () => {
    throw new Error('refused')
  }
  const outcomes = await Promise.allSettled([insert(1), orphan, refuse].map(work => store.transact<unknown>(work)))
  for (const outcome of outcomes) assert.match(String(outcome.status === 'rejected' && outcome.reason), /FOREIGN KEY/)
  assert.deepEqual(seen(), [])
})

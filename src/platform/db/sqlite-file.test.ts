// What a server's SQLite says when its file is in trouble, and that it goes on by itself.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { sql } from 'kysely'
import { DomainError } from '../errors.ts'
import { createLog } from '../log.ts'
import { openStore, type Store } from './engine.ts'

const PAGE = 4096

interface Scene {
  store: Store
  path: string
  said: string[]
}

/** A store on disk with one table of texts. */
async function texts(t: TestContext): Promise<Scene> {
  const directory = mkdtempSync(join(tmpdir(), 'understudy-'))
  const said: string[] = []
  const log = createLog('info', { write: line => void said.push(JSON.parse(line).msg) })
  const store = await openStore(directory, { poolMax: 1, statementTimeoutMs: 1000 }, log)
  await sql`create table texts (text)`.execute(store.db)
  t.after(async () => {
    await store.close()
    rmSync(directory, { recursive: true, force: true })
  })
  return { store, path: join(directory, 'understudy.db'), said }
}

const insert = ({ store }: Scene, size = 10) =>
  store.transact(db => sql`insert into texts values (${'x'.repeat(size)})`.execute(db))
const read = ({ store }: Scene) => sql`select count(*) from texts`.execute(store.db)

function unavailable(says: RegExp) {
  return (error: unknown) => error instanceof DomainError && error.code === 'unavailable' && says.test(error.message)
}

/** What holds soon, and no event tells of. */
async function until(holds: () => boolean): Promise<void> {
  for (let turns = 0; !holds(); turns++) {
    assert.ok(turns < 1000, 'it never came about')
    await setTimeout(10)
  }
}

test('a full disk refuses changes, reads go on, and it is told once each that it is full and that it is not', async t => {
  const scene = await texts(t)
  const { store, said } = scene
  await sql`pragma max_page_count = 4`.execute(store.db)
  const attempts = Array.from({ length: 5 }, () =>
    assert.rejects(insert(scene, 50 * PAGE), unavailable(/disk is full/)),
  )
  await Promise.all(attempts)
  await assert.rejects(insert(scene, 50 * PAGE), unavailable(/disk is full/))
  await read(scene)
  assert.equal(store.changesRefused(), 'the disk is full; make room')
  await sql`pragma max_page_count = 1000000`.execute(store.db)
  await insert(scene, 50 * PAGE)
  await until(() => store.changesRefused() === undefined)
  assert.deepEqual(said, [
    'the store refuses changes: they get 503 until it takes them, without a restart',
    'the store takes changes again',
  ])
})

test('a file that is moved away takes no change and answers no read; put back, it does again', async t => {
  const scene = await texts(t)
  const { path, said } = scene
  await insert(scene)
  renameSync(path, `${path}.away`)
  await assert.rejects(insert(scene), unavailable(/^the database file was removed or replaced/))
  await assert.rejects(read(scene), unavailable(/^the database file was removed or replaced/))
  writeFileSync(path, '')
  await assert.rejects(insert(scene), unavailable(/^the database file was removed or replaced/))
  renameSync(`${path}.away`, path)
  await until(() => said.includes('the database file is back'))
  assert.equal(said.length, 2)
  assert.match(said[0] ?? '', /^nothing is served any more: the database file was removed or replaced/)
  await insert(scene)
})

test('a write-ahead log that is removed is noticed as the file itself', async t => {
  const scene = await texts(t)
  await insert(scene)
  rmSync(`${scene.path}-wal`)
  await assert.rejects(insert(scene), unavailable(/^the database file was removed or replaced/))
})

test('a file that is found damaged is not used any more', async t => {
  const scene = await texts(t)
  const { store, path, said } = scene
  for (let count = 0; count < 50; count++) await insert(scene, PAGE / 2)
  await sql`pragma wal_checkpoint(truncate)`.execute(store.db)
  // What it has in memory would still be right.
  await sql`pragma cache_size = 0`.execute(store.db)
  await sql`pragma shrink_memory`.execute(store.db)
  const bytes = readFileSync(path)
  writeFileSync(path, bytes.fill(7, PAGE))
  await assert.rejects(read(scene), unavailable(/^the database file is damaged/))
  await assert.rejects(insert(scene), unavailable(/^the database file is damaged/))
  assert.equal(said.length, 1)
})

test('another process that holds the database: changes wait for it, and reads are answered meanwhile', async t => {
  const scene = await texts(t)
  const other = new DatabaseSync(scene.path)
  t.after(() => other.close())
  other.exec('begin immediate')
  let stored = false
  const storing = insert(scene).then(() => {
    stored = true
  })
  await read(scene)
  await read(scene)
  assert.equal(stored, false)
  other.exec('rollback')
  await storing
  assert.deepEqual([scene.store.changesRefused(), scene.said], [undefined, []])
})

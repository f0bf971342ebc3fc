import assert from 'node:assert/strict'
import test, { after } from 'node:test'
import { IN_MEMORY, openStore } from '../db/engine.ts'
import { migrate } from '../db/migrate.ts'
import * as platformMigration from '../db/migrations/2026-11-21-platform.ts'
import { openVault, WrongMasterKeyError } from './vault.ts'

const MASTER = new Uint8Array(32).fill(7)
const NOW = Date.parse('2026-03-04T09:30:00.000Z')

async function migratedStore() {
  const store = await openStore(IN_MEMORY, { poolMax: 1, statementTimeoutMs: 1000 })
  after(() => store.close())
  await migrate(store.db, { '2026-11-21-platform': platformMigration })
  return store.db
}

const db = await migratedStore()
const vault = await openVault(db, [MASTER], NOW)

test('what is sealed opens for its owner, and shows nothing of the text', () => {
  for (const text of ['', 'secret', 'ключ 🔑', 'x'.repeat(10_000)]) {
    const sealed = vault.seal(text, 'credential:1')
    assert.equal(vault.open(sealed, 'credential:1'), text)
    assert.notEqual(vault.seal(text, 'credential:1'), sealed, 'equal texts are sealed differently')
    if (text) assert.equal(Buffer.from(sealed, 'base64url').includes(text), false)
  }
})

test('a sealed text that was moved to another owner does not open', () => {
  const sealed = vault.seal('secret', 'credential:1')
  for (const owner of ['credential:2', 'credential:', 'mail:1', '']) assert.throws(() => vault.open(sealed, owner))
})

test('a sealed text that was changed anywhere does not open', () => {
  const sealed = Buffer.from(vault.seal('secret', 'credential:1'), 'base64url')
  for (let index = 0; index < sealed.length; index++) {
    const changed = Buffer.from(sealed)
    changed.writeUInt8(sealed.readUInt8(index) ^ 1, index)
    assert.throws(() => vault.open(changed.toString('base64url'), 'credential:1'), `byte ${index}`)
  }
  for (const length of [0, 1, 12, 15, 28, sealed.length - 1]) {
    const cut = sealed.subarray(0, length).toString('base64url')
    assert.throws(() => vault.open(cut, 'credential:1'), `${length} bytes`)
  }
})

test('the lookup hash is the same for the same secret, and keyed by the store', async () => {
  assert.equal(vault.lookupHash('key'), vault.lookupHash('key'))
  assert.notEqual(vault.lookupHash('key'), vault.lookupHash('Key'))
  const elsewhere = await openVault(await migratedStore(), [MASTER], NOW)
  assert.notEqual(elsewhere.lookupHash('key'), vault.lookupHash('key'))
})

test('what is attested is attested the same again, by this store alone, and of these values alone', async () => {
  const values = ['event', 1, null, 'a,b']
  const proof = vault.attest(values)
  assert.equal((await openVault(db, [MASTER], NOW)).attest(values), proof)
  const elsewhere = await openVault(await migratedStore(), [MASTER], NOW)
  assert.notEqual(elsewhere.attest(values), proof)
  const others = [
    ['event', 1, null, 'a', 'b'],
    ['event', '1', null, 'a,b'],
    ['event', 1, 'null', 'a,b'],
    ['event1', null, 'a,b'],
  ]
  for (const other of others) assert.notEqual(vault.attest(other), proof)
})

test('the same master key opens the store again', async () => {
  const sealed = vault.seal('secret', 'credential:1')
  const again = await openVault(db, [MASTER], NOW)
  assert.equal(again.open(sealed, 'credential:1'), 'secret')
  assert.equal(again.lookupHash('key'), vault.lookupHash('key'))
})

test('another master key is refused and leaves the store as it is', async () => {
  const keys = () => db.selectFrom('data_keys').selectAll().orderBy('purpose').execute()
  const before = await keys()
  await assert.rejects(openVault(db, [new Uint8Array(32).fill(8)], NOW), WrongMasterKeyError)
  assert.deepEqual(await keys(), before)
  assert.equal((await openVault(db, [MASTER], NOW)).lookupHash('key'), vault.lookupHash('key'))
})

test('two processes that start on an empty store at once agree on its keys', async () => {
  const empty = await migratedStore()
  const [one, two] = await Promise.all([openVault(empty, [MASTER], NOW), openVault(empty, [MASTER], NOW)])
  assert.equal(one.lookupHash('key'), two.lookupHash('key'))
  assert.equal(two.open(one.seal('secret', 'x'), 'x'), 'secret')
})

// What `understudy keys rotate-master` does not do: each time it says why, shows no key, and everything stays as it is.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chownSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import test, { before } from 'node:test'
import { fileURLToPath } from 'node:url'
import { masterKeysIn, proposeMasterKey } from '../../src/platform/credentials/master-key.ts'
import { copyOf, fingerprint, inStore, keyFilesIn, keyIn, randomKey, rotate, seededStore } from '../master-keys.ts'
import { fileWith, run, temporaryDirectory } from '../process.ts'

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url))
const ZEROES = Buffer.alloc(32).toString('base64')

let data: string
before(async () => {
  data = await seededStore()
})

function contentsOf(directory: string): [name: string, hash: string][] {
  const hashOf = (name: string) =>
    createHash('sha256')
      .update(readFileSync(join(directory, name)))
      .digest('hex')
  return readdirSync(directory)
    .sort()
    .map(name => [name, hashOf(name)])
}

test('keys that are missing, of no use, or not the store’s', async () => {
  const untouched = contentsOf(data)
  const present = keyIn(data)
  const other = randomKey()
  const phrase = 'a phrase of forty-four letters, as it seems.'
  const usage = /\nusage: understudy keys \(audit/
  const cases: [env: NodeJS.ProcessEnv, argv: string[], code: number, says: RegExp][] = [
    [{ UNDERSTUDY_MASTER_KEY: present }, [], 2, /UNDERSTUDY_MASTER_KEY is set: give the key .*--new-key FILE or/],
    [{ UNDERSTUDY_NEW_MASTER_KEY: phrase }, [], 2, /UNDERSTUDY_NEW_MASTER_KEY: a master key is 32 bytes, as base64/],
    [{}, ['--new-key', fileWith('phrase.key', phrase)], 2, /phrase\.key: a master key is 32 bytes, as base64/],
    [{}, ['--new-key', fileWith('empty.key', '')], 2, /empty\.key: a master key is 32 bytes/],
    [{}, ['--new-key', join(data, 'none.key')], 2, /cannot read .*none\.key: ENOENT/],
    [{ UNDERSTUDY_NEW_MASTER_KEY: ZEROES }, [], 2, /the new master key is not random/],
    [{ UNDERSTUDY_NEW_MASTER_KEY: present }, [], 2, /the new master key is the one in use: nothing was changed/],
    [{ UNDERSTUDY_NEW_MASTER_KEY: other }, ['--new-key', fileWith('a.key', randomKey())], 2, usage],
    [
      { UNDERSTUDY_MASTER_KEY: other, UNDERSTUDY_NEW_MASTER_KEY: randomKey() },
      [],
      1,
      /the master key does not open this store/,
    ],
  ]
  const found = await Promise.all(cases.map(([env, argv]) => rotate(data, env, ...argv)))
  for (const [index, [env, , code, says]] of cases.entries()) {
    const outcome = found[index]
    assert.ok(outcome)
    assert.match(outcome.stderr, says)
    assert.equal(outcome.code, code, outcome.stderr)
    assert.equal(outcome.stdout, '')
    for (const secret of [present, phrase, ...Object.values(env)]) assert.ok(!outcome.stderr.includes(String(secret)))
  }
  assert.deepEqual(contentsOf(data), untouched)
})

test('stores that are not there, and words that do not fit', async () => {
  const none = join(temporaryDirectory(), 'data')
  const keyless = copyOf(data)
  rmSync(join(keyless, 'master.key'))
  const [inMemory, nowhere, withoutKey, foreign] = await Promise.all([
    rotate(':memory:'),
    rotate(none),
    rotate(keyless),
    run(['keys', 'audit', '--new-key', 'FILE', '--data', none]),
  ])
  assert.match(inMemory.stderr, /a store in memory has no keys outside its server/)
  assert.match(nowhere.stderr, /there is no store in /)
  assert.match(withoutKey.stderr, /has no master\.key; set UNDERSTUDY_MASTER_KEY as it is set for the server/)
  assert.match(foreign.stderr, /--new-key is for rotate-master/)
  assert.deepEqual(
    [inMemory, nowhere, withoutKey, foreign].map(({ code }) => code),
    [2, 1, 2, 2],
  )
  assert.equal(existsSync(none), false)
  assert.deepEqual(keyFilesIn(keyless), [])
})

test('a disk that takes nothing more: the former key stays, and no part of another', async () => {
  const full = copyOf(data)
  const former = keyIn(full)
  // Open elsewhere, so that the store itself has what it needs for being read.
  const { status, stdout, stderr } = await inStore(full, {}, async () =>
    spawnSync(
      'sh',
      ['-c', 'ulimit -f 0; exec "$@"', 'sh', process.execPath, MAIN, 'keys', 'rotate-master', '--data', full],
      {
        env: {},
        encoding: 'utf8',
      },
    ),
  )
  assert.equal(status, 1)
  assert.match(stderr, /^understudy keys: EFBIG: file too large, write\n$/)
  assert.equal(stdout, '')
  assert.deepEqual(keyFilesIn(full), ['master.key', `master.key.${fingerprint(former)}`])
  assert.equal(keyIn(full), former)
})

test('a key file that is cut off is named, and not taken for a key', async () => {
  const cut = copyOf(data)
  writeFileSync(join(cut, 'master.key'), keyIn(cut).slice(0, 20))
  const { code, stderr } = await rotate(cut)
  assert.equal(code, 1)
  assert.match(stderr, /master\.key: a master key is 32 bytes, as base64 or hex\n$/)
})

test('what is kept under the name of the former key must be that key', async () => {
  const wrong = copyOf(data)
  const former = keyIn(wrong)
  writeFileSync(join(wrong, `master.key.${fingerprint(former)}`), randomKey())
  const { code, stderr } = await rotate(wrong)
  assert.equal(code, 1)
  assert.match(stderr, /is not the key that its name says\n$/)
  assert.equal(keyIn(wrong), former)
})

test('a link to a key elsewhere is not replaced', async () => {
  const linked = copyOf(data)
  const elsewhere = join(temporaryDirectory(), 'secret')
  renameSync(join(linked, 'master.key'), elsewhere)
  symlinkSync(elsewhere, join(linked, 'master.key'))
  const { code, stderr } = await rotate(linked)
  assert.equal(code, 1)
  assert.match(stderr, /master\.key is a link to a key elsewhere: give both keys in UNDERSTUDY_MASTER_KEY and/)
  assert.deepEqual(keyFilesIn(linked), ['master.key'])
})

test('a new key belongs to whom the former belongs, whoever rotates', () => {
  const home = temporaryDirectory()
  masterKeysIn(home)
  const path = join(home, 'master.key')
  // The superuser rotates for somebody else.
  if (process.getuid?.() === 0) chownSync(path, 12_345, 12_345)
  proposeMasterKey(home, Buffer.from(randomKey(), 'base64'))
  assert.equal(statSync(join(home, 'master.key.next')).uid, statSync(path).uid)
  assert.equal(statSync(join(home, 'master.key.next')).mode & 0o777, 0o600)
})

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
import { UsageError } from '../../src/cli/command.ts'
import { rotateMaster } from '../../src/cli/rotate-master.ts'
import { ConfigError, readConfig } from '../../src/config.ts'
import { masterKeysIn, proposeMasterKey } from '../../src/platform/credentials/master-key.ts'
import { WrongMasterKeyError } from '../../src/platform/credentials/vault.ts'
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
  const phrase = 'no key but a phrase of forty three letters and spaces'
  const phraseFile = fileWith('phrase.key', phrase)
  const cases: [env: NodeJS.ProcessEnv, file: string | undefined, kind: new (text: string) => Error, says: RegExp][] = [
    [
      { UNDERSTUDY_MASTER_KEY: present },
      undefined,
      ConfigError,
      /UNDERSTUDY_MASTER_KEY is set: give .*--new-key FILE or/,
    ],
    [{ UNDERSTUDY_NEW_MASTER_KEY: phrase }, undefined, ConfigError, /^UNDERSTUDY_NEW_MASTER_KEY: a master key is 32 /],
    [{}, phraseFile, ConfigError, /phrase\.key: a master key is 32 bytes, as base64 or hex$/],
    [{}, fileWith('empty.key', ''), ConfigError, /empty\.key: a master key is 32 bytes/],
    [{}, join(data, 'none.key'), ConfigError, /^cannot read .*none\.key: ENOENT/],
    [{ UNDERSTUDY_NEW_MASTER_KEY: ZEROES }, undefined, ConfigError, /^the new master key is not random/],
    [{ UNDERSTUDY_NEW_MASTER_KEY: present }, undefined, ConfigError, /^the new master key is the one in use already$/],
    [
      { UNDERSTUDY_NEW_MASTER_KEY: other },
      phraseFile,
      UsageError,
      /^--new-key or UNDERSTUDY_NEW_MASTER_KEY, not both$/,
    ],
    [
      { UNDERSTUDY_MASTER_KEY: other, UNDERSTUDY_NEW_MASTER_KEY: randomKey() },
      undefined,
      WrongMasterKeyError,
      /^the master key does not open this store/,
    ],
  ]
  for (const [env, file, kind, says] of cases) {
    const rotation = readConfig({ data }, env).then(config => rotateMaster(config, file))
    await assert.rejects(rotation, error => {
      assert.ok(error instanceof kind)
      assert.match(error.message, says)
      for (const secret of [present, phrase, ...Object.values(env)]) assert.ok(!error.message.includes(String(secret)))
      return true
    })
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

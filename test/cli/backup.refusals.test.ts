// What `backup` and `restore` refuse: one clear message, the right exit code, and nothing written.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import test, { before } from 'node:test'
import { backup } from '../../src/cli/backup.ts'
import { restore } from '../../src/cli/restore.ts'
import { assertFails, backupFile, done, homeWithKeyOf, SEED } from '../backup.support.ts'
import { runHere } from '../here.ts'
import { type Finished, fileWith, run, serve, temporaryDirectory } from '../process.ts'

const OTHER_KEY = { UNDERSTUDY_MASTER_KEY: randomBytes(32).toString('base64') }
const store = temporaryDirectory()
const file = backupFile()
before(async () => {
  await done(['seed', SEED, '--data', store])
  await done(['backup', file, '--data', store])
})

function assertRefused({ code, stdout, stderr }: Finished, expected: number, says: RegExp): void {
  assert.match(stderr, says)
  assert.deepEqual({ code, stdout }, { code: expected, stdout: '' })
  if (expected === 1) assert.equal(stderr.trimEnd().split('\n').length, 1, stderr)
}

/** A store or a backup with a change that only an editor of its file could make. */
function changed(path: string, statement: string): string {
  const copy = join(temporaryDirectory(), 'understudy.db')
  cpSync(path, copy)
  const database = new DatabaseSync(copy)
  database.exec(statement)
  database.close()
  return copy
}

function withBytes(change: (bytes: Buffer) => Buffer): string {
  const path = backupFile()
  writeFileSync(path, change(readFileSync(file)))
  return path
}

/** A text that stands in many places of the file, in one of them spelt otherwise. */
function misspelt(bytes: Buffer): Buffer {
  bytes.write('Readers', bytes.lastIndexOf('"name":"Writers"') + '"name":"'.length)
  return bytes
}

function holed(bytes: Buffer): Buffer {
  const page = bytes.readUInt16BE(16)
  return bytes.fill(0, 3 * page, 12 * page)
}

test('a command line that does not fit: exit code 2; what goes wrong: 1, and one line', async () => {
  const directory = temporaryDirectory()
  const cases: [argv: string[], code: number, says: RegExp, env?: NodeJS.ProcessEnv][] = [
    [['backup'], 2, /FILE is missing\nusage: understudy backup FILE \[--data DIR\]\n$/],
    [['restore', 'a', '--force'], 2, /--force.*\nusage: understudy restore FILE \[--data DIR\]\n$/s],
    [['backup', 'a', '--data', store], 1, /^understudy backup: the master key does not open this store/, OTHER_KEY],
    [['restore', file], 1, /^understudy restore: the master key does not open this store/, OTHER_KEY],
  ]
  const refuse = async ([argv, code, says, env]: (typeof cases)[number]) => {
    const found = await (code === 2 ? runHere : run)(argv, env, directory)
    assertRefused(found, code, says)
  }
  await Promise.all(cases.map(refuse))
  for (const command of [backup, restore]) {
    await assertFails(command, ['a', '--data', ':memory:'], /^a store in memory ends with its server: /)
  }
  assert.deepEqual(readdirSync(directory), [])
})

test('backup: no store, a file that is there, another version, a damaged store', async () => {
  const directory = temporaryDirectory()
  const there = fileWith('there.db', 'an older backup')
  const inStore = (name: string) => join(store, name)
  const newer = changed(inStore('understudy.db'), "insert into kysely_migration values ('2999-01-01-later', 'then')")
  const older = changed(inStore('understudy.db'), "delete from kysely_migration where name like '%memberstack'")
  const damaged = changed(inStore('understudy.db'), '')
  writeFileSync(damaged, holed(readFileSync(damaged)))
  const cases: [out: string, data: string, says: RegExp][] = [
    [join(directory, 'a'), temporaryDirectory(), /^there is no store at .*understudy\.db$/],
    [join(directory, 'a'), join(fileWith('understudy.db', ''), '..'), /^there is no store at \//],
    [there, store, /^.*there\.db is there already; name another file, or remove it first$/],
    [inStore('understudy.db'), store, /understudy\.db is there already/],
    [join(directory, 'none', 'a'), store, /^there is no directory .*none$/],
    [join(directory, 'a'), join(newer, '..'), /^the store is of a newer version; back it up with the Understudy that /],
    [join(directory, 'a'), join(older, '..'), /^the store is of an older version; back it up with the /],
    [join(directory, 'a'), join(damaged, '..'), /^(the store is damaged: |database disk image is malformed)/],
  ]
  for (const [out, data, says] of cases) await assertFails(backup, [out, '--data', data], says)
  assert.deepEqual(readdirSync(directory), [])
  assert.equal(readFileSync(there, 'utf8'), 'an older backup')
})

test('restore: what is no backup, a damaged one, another version; no store is made', async () => {
  const cases: [from: string, says: RegExp][] = [
    [join(store, 'none.db'), /^there is no file .*none\.db$/],
    [store, /is no backup; name a file that `understudy backup` has written$/],
    [fileWith('text.db', 'this is no database, and was never one\n'.repeat(100)), /is no backup; name a file/],
    [fileWith('empty.db', ''), /is no backup; name a file/],
    [join(store, 'understudy.db'), /is no backup; name a file/],
    [withBytes(bytes => bytes.subarray(0, bytes.length / 2)), /is damaged/],
    [withBytes(holed), /is damaged/],
    [withBytes(misspelt), /is damaged: the rows of \w+ are not those that were backed up$/],
    [changed(file, "delete from settings; insert into settings values ('a', 'b', 'c')"), /is damaged: the rows of /],
    [changed(file, "update data_keys set sealed_key = 'a' || sealed_key"), /is damaged: the rows of data_keys are/],
    [changed(file, "update understudy_backup set tables = '['"), /is damaged; restore another backup$/],
    [
      changed(file, "insert into kysely_migration values ('2999-01-01-later', 'then')"),
      /^the backup, made by [\d.]+, is of a newer version; restore it with the Understudy that made it/,
    ],
    [
      changed(file, "delete from kysely_migration where name like '%memberstack'"),
      /^the backup, made by [\d.]+, is of an older version; restore it with the Understudy that made it, and then /,
    ],
  ]
  const into = homeWithKeyOf(store)
  for (const [from, says] of cases) await assertFails(restore, [from, '--data', into], says)
  assert.deepEqual(readdirSync(into), ['master.key'])
})

test('restore: a store is there, idle or served, or the rest of one; the master key is missing', async () => {
  const served = homeWithKeyOf(store)
  cpSync(join(store, 'understudy.db'), join(served, 'understudy.db'))
  const server = await serve(['--data', served], { UNDERSTUDY_LOG_LEVEL: 'silent' })
  const rest = homeWithKeyOf(store)
  writeFileSync(join(rest, 'understudy.db-wal'), '')
  const keyless = temporaryDirectory()
  const none = join(temporaryDirectory(), 'none')
  const before = readFileSync(join(store, 'understudy.db'))
  const cases: [into: string, says: RegExp][] = [
    [
      store,
      /^.* holds a store already \(understudy\.db.*\); stop the server if one runs on it and move these files away/,
    ],
    [served, /holds a store already \(understudy\.db.*\); stop the server if one runs on it/],
    [rest, /holds a store already \(understudy\.db-wal\); /],
    [keyless, /^.* has no master\.key; put that of the store that was backed up there, or set UNDERSTUDY_MASTER_KEY/],
    [none, /^.* has no master\.key; put that of /],
  ]
  for (const [into, says] of cases) await assertFails(restore, [file, '--data', into], says)
  assert.deepEqual(readFileSync(join(store, 'understudy.db')), before)
  assert.deepEqual([readdirSync(keyless), readdirSync(join(none, '..'))], [[], []])
  assert.equal((await server.end('SIGTERM')).code, 0)
  rmSync(join(rest, 'understudy.db-wal'))
  await done(['restore', file, '--data', rest])
})

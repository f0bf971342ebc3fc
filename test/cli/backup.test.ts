// A backup of a SQLite store, and the way back, as real processes.

import assert from 'node:assert/strict'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import test from 'node:test'
import {
  assertWhole,
  backupFile,
  done,
  grow,
  homeWithKeyOf,
  killWhenWriting,
  SEED,
  startWriting,
  statusOfKey,
} from '../backup.support.ts'
import { run, serve, temporaryDirectory } from '../process.ts'

const QUIET = { UNDERSTUDY_LOG_LEVEL: 'silent' }

test('a backup under way among writers has all that was acknowledged before; a restored store is a whole one', async () => {
  const data = temporaryDirectory()
  const server = await serve(['--data', data, '--seed', SEED], QUIET)
  const writing = startWriting(server.url)
  await writing.some
  const before = [...writing.acknowledged]
  const file = backupFile()
  const said = await done(['backup', file, '--data', data], {}, run)
  const during = writing.acknowledged.length - before.length
  await writing.stop()
  assert.ok(during > 0, 'writers went on meanwhile')
  assert.match(said, /The master key is not in it.* keep, in another place, .*\/master\.key\n/)
  assert.equal(statSync(file).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(dirname(file)), ['backup.db'])

  const restored = homeWithKeyOf(data)
  assert.match(await done(['restore', file, '--data', restored], {}, run), /each read back and as it was\.\n/)
  assert.deepEqual(readdirSync(restored).sort(), ['master.key', 'understudy.db'])
  assert.equal(statSync(join(restored, 'understudy.db')).mode & 0o777, 0o600)
  await assertWhole(restored, restored, before)
  const again = await serve(['--data', restored], QUIET)
  assert.equal(await statusOfKey(again.url), 200)
  await again.end('SIGTERM')
  await done(['events', 'verify', '--data', restored])

  // What the log of a killed server holds belongs to its store.
  await server.end('SIGKILL')
  const late = backupFile()
  await done(['backup', late, '--data', data])
  const second = homeWithKeyOf(data)
  await done(['restore', late, '--data', second])
  await assertWhole(second, second, writing.acknowledged)
})

test('a writer that is not done holds up no backup, and nothing of it is in there', async () => {
  const data = temporaryDirectory()
  await done(['seed', SEED, '--data', data])
  const writer = new DatabaseSync(join(data, 'understudy.db'))
  writer.exec("begin immediate; insert into settings values ('half done', '', 'then')")
  const file = backupFile()
  await done(['backup', file, '--data', data])
  writer.exec('commit')
  writer.close()
  const backup = new DatabaseSync(file, { readOnly: true })
  assert.equal(backup.prepare("select count(*) as n from settings where name = 'half done'").get()?.n, 0)
  backup.close()
})

test('kill -9 in a backup leaves no file, and in a restore no store; the next ones go well', async () => {
  const data = temporaryDirectory()
  await done(['seed', SEED, '--data', data])
  grow(data)
  const file = backupFile()
  await killWhenWriting(['backup', file, '--data', data], dirname(file))
  assert.equal(existsSync(file), false)
  await done(['backup', file, '--data', data])

  const restored = homeWithKeyOf(data)
  await killWhenWriting(['restore', file, '--data', restored], restored)
  assert.equal(existsSync(join(restored, 'understudy.db')), false)
  await done(['restore', file, '--data', restored])
  await assertWhole(restored, restored, [])
})

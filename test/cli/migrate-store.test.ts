// What `migrate-store` refuses before it has touched any database: one clear message, the right exit code, and the store
// as it was.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { cpSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import test, { before } from 'node:test'
import { runHere } from '../here.ts'
import { type Finished, fileWith, run, serve, temporaryDirectory } from '../process.ts'

/** Where nothing listens: whoever asks it is told so. */
const TO = 'postgres://nobody:secret@127.0.0.1:1/none'

const store = temporaryDirectory()
before(async () => {
  const { code, stderr } = await runHere(['seed', fileWith('seed.yaml', ''), '--data', store])
  assert.equal(code, 0, stderr)
})

function copyOfStore(statement?: string): string {
  const directory = temporaryDirectory()
  cpSync(store, directory, { recursive: true })
  if (statement === undefined) return directory
  const database = new DatabaseSync(join(directory, 'understudy.db'))
  database.exec(statement)
  database.close()
  return directory
}

function move(from: string, env: NodeJS.ProcessEnv = {}, run = runHere): Promise<Finished> {
  return run(['migrate-store', '--from', from, '--to', TO], env)
}

function assertRefused({ code, stdout, stderr }: Finished, expected: number, says: RegExp): void {
  assert.match(stderr, says)
  assert.deepEqual({ code, stdout }, { code: expected, stdout: '' })
  assert.doesNotMatch(stderr, /secret/)
}

test('a command line that does not fit: exit code 2, what is wrong, and the usage', async () => {
  const directory = temporaryDirectory()
  const cases: [argv: string[], says: RegExp][] = [
    [[], /--from must name the data directory/],
    [['--from', ':memory:', '--to', TO], /--from must name the data directory/],
    [['--from', TO, '--to', TO], /--from must name the data directory/],
    [['--from', directory], /--to, or DATABASE_URL in the environment, must be a postgres:\/\/ URL/],
    [['--from', directory, '--to', directory], /--to, or DATABASE_URL/],
    [['--from', directory, '--to', TO, '--force'], /--force/],
    [[directory, TO], /unexpected/],
  ]
  const refuse = async ([argv, says]: (typeof cases)[number]) => {
    const found = await runHere(['migrate-store', ...argv], {}, directory)
    assertRefused(found, 2, says)
    assert.match(found.stderr, /\nusage: understudy migrate-store --from DIR \[--to postgres:\/\/…\]\n$/)
  }
  await Promise.all(cases.map(refuse))
  assert.deepEqual(readdirSync(directory), [])
})

test('a directory without a store, and none is made there', async () => {
  const directory = temporaryDirectory()
  assertRefused(await move(directory), 1, /: there is no store at .*understudy\.db\n$/)
  assert.deepEqual(readdirSync(directory), [])
})

test('a store that a server runs on, idle as it may be', async () => {
  const directory = copyOfStore()
  const server = await serve(['--data', directory])
  assertRefused(await move(directory), 1, /: the store at .* is in use; stop the server that runs on it first\n$/)
  assert.equal((await server.end('SIGTERM')).code, 0)
})

test('a store of another version, and what to do', async () => {
  const older = copyOfStore("delete from kysely_migration where name like '%memberstack'")
  assertRefused(await move(older), 1, /: the store is of an older version; start this server on it once, /)
  const newer = copyOfStore("insert into kysely_migration values ('2999-01-01-later', '2999-01-01T00:00:00.000Z')")
  assertRefused(await move(newer), 1, /: the store is of a newer version; move it with the Understudy that /)
})

test('a store without its master key, or with another: the new store could not be opened', async () => {
  const other = { UNDERSTUDY_MASTER_KEY: randomBytes(32).toString('base64') }
  assertRefused(await move(copyOfStore(), other), 1, /: the master key does not open this store/)
  const keyless = copyOfStore()
  rmSync(join(keyless, 'master.key'))
  assertRefused(
    await move(keyless),
    1,
    /: .* has no master\.key; set UNDERSTUDY_MASTER_KEY as it is set for the server\n$/,
  )
  assert.deepEqual(
    readdirSync(keyless).filter(name => name.includes('master')),
    [],
  )
})

test('a database that does not answer', async () => {
  assertRefused(await move(copyOfStore(), {}, run), 1, /: cannot connect to the database: ECONNREFUSED\n$/)
})

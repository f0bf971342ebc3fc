// What scenarios of `backup` and `restore` share.

import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, watch } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openContext } from '../src/app.ts'
import type { Command } from '../src/cli/command.ts'
import { readConfig } from '../src/config.ts'
import { basic } from './easypost.support.ts'
import { runHere } from './here.ts'
import { fileWith, start, temporaryDirectory } from './process.ts'

/** Of the parent whose children are made. */
const KEY = 'EZAKacmeproduction'
/** A parent whose children are made faster than a vendor would allow. */
export const SEED = fileWith(
  'seed.yaml',
  `
easypost:
  users:
    - { id: user_writers, name: Writers, rateLimit: { listPerSecond: 1000000, perSecond: 1000000 }, keys: { production: ${KEY} } }
`,
)
const HEADERS = { authorization: basic(KEY), 'content-type': 'application/json' }

/** Where a backup, and nothing else, will be. */
export function backupFile(): string {
  return join(temporaryDirectory(), 'backup.db')
}

/** A place for a store, with the master key of another. */
export function homeWithKeyOf(home: string): string {
  const directory = mkdtempSync(join(temporaryDirectory(), 'data-'))
  cpSync(join(home, 'master.key'), join(directory, 'master.key'))
  return directory
}

/** Runs, in this process, a command that does not get as far as to print anything. */
export async function assertFails(command: Command, argv: string[], says: RegExp): Promise<void> {
  await assert.rejects(command.run(argv), (error: Error) => {
    assert.match(error.message, says)
    assert.doesNotMatch(error.message, /\n/)
    return true
  })
}

/** Runs a command that has to go well, in this process or by another `run`. Gives what it printed. */
export async function done(argv: string[], env: NodeJS.ProcessEnv = {}, run = runHere): Promise<string> {
  const { code, stdout, stderr } = await run(argv, env)
  assert.equal(code, 0, stderr + stdout)
  return stdout
}

/** Runs a command, and kills it as soon as it has begun to write in `directory`. */
export async function killWhenWriting(argv: string[], directory: string): Promise<void> {
  const { child, finished } = start(argv)
  const watcher = watch(directory, (_, name) => {
    if (name?.includes('.part-')) child.kill('SIGKILL')
  })
  const { code } = await finished
  watcher.close()
  assert.equal(code, null, 'it was killed before it was done')
}

/** Makes a store so large that copying it takes a while. */
export function grow(directory: string): void {
  const database = new DatabaseSync(join(directory, 'understudy.db'))
  database.exec(`insert into settings with recursive n(i) as (select 1 union all select i + 1 from n where i < 50000)
    select 'grown ' || i, hex(randomblob(100)), 'then' from n`)
  database.close()
}

/** Makes children over HTTP, several at once, until told to stop. */
export function startWriting(url: string) {
  const acknowledged: string[] = []
  const enough = Promise.withResolvers<void>()
  let stopping = false
  const client = async () => {
    while (!stopping) {
      const body = JSON.stringify({ user: { name: 'Child' } })
      const reply = await fetch(`${url}/v2/users`, { method: 'POST', headers: HEADERS, body })
      const text = await reply.text()
      assert.equal(reply.status, 201, text)
      if (acknowledged.push(JSON.parse(text).id) === 50) enough.resolve()
    }
  }
  const clients = Promise.all([client(), client(), client(), client()])
  clients.catch(enough.reject)
  return {
    acknowledged,
    /** Resolves when there are some. */
    some: enough.promise,
    async stop() {
      stopping = true
      await clients
    },
  }
}

/** What the parent's key is answered. */
export async function statusOfKey(url: string): Promise<number> {
  const { status } = await fetch(`${url}/v2/users`, { headers: HEADERS })
  return status
}

/** What a store holds that has to fit together, read without a server. */
async function storedIn(data: string, home = data) {
  const env = { UNDERSTUDY_LOG_LEVEL: 'silent', UNDERSTUDY_HOME: home }
  const { context, close } = await openContext(await readConfig({ data }, env))
  const { db } = context
  try {
    const children = await db.selectFrom('easypost_users').select('id').where('parent_id', 'is not', null).execute()
    const events = await db.selectFrom('events').selectAll().orderBy('sequence').execute()
    return { children: children.map(({ id }) => id), events }
  } finally {
    await close()
  }
}

/** A restored store has all that was acknowledged before its backup, each with its event, and tells of the restore. */
export async function assertWhole(data: string, home: string, acknowledged: readonly string[]): Promise<void> {
  const { children, events } = await storedIn(data, home)
  const lost = acknowledged.filter(id => !children.includes(id))
  assert.deepEqual(lost, [], 'acknowledged before the backup, and gone')
  const told = events.filter(({ type }) => type === 'user.created')
  assert.deepEqual(told.map(({ subject }) => subject).sort(), children.sort(), 'each has its event, and the reverse')
  const [before, restored] = events.slice(-2)
  assert.ok(before && restored)
  assert.equal(restored.type, 'store.restored')
  assert.ok(restored.sequence > before.sequence + 1_000_000, 'a place in the feed of after the backup stays good')
}

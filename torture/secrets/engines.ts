// The two engines as a run meets them: where the store is, how it goes away, and what it writes.

import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { startPostgres } from '../../bench/stores/postgres.ts'
import type { Random } from '../random.ts'
import { wayTo } from './cut.ts'
import { filesBelow } from './places.ts'
import type { Engine } from './run.ts'

/** Beside the store, with mode 0600, and nothing but secrets: SECURITY.md. */
const FILES_OF_SECRETS = /^(master\.key.*|environment\.json)$/

export function onSqlite(directory: string): Engine {
  const [data, restored] = [join(directory, 'sqlite'), join(directory, 'restored')]
  return {
    name: 'sqlite',
    data,
    secrets: {},
    copies: (kept, backup) => [{ argv: ['restore', backup, '--data', withKeyOf(kept, restored)] }],
    failures: (home, backup) => [
      // The key of the time of the backup is gone from its place: this fails, and says why.
      { argv: ['restore', backup, '--data', join(home, 'restored')], code: 1 },
      { argv: ['restore', backup, '--data', data], code: 1 },
    ],
    *files() {
      yield* filesBelow(data, FILES_OF_SECRETS)
      yield* filesBelow(restored, FILES_OF_SECRETS)
    },
    start: 'sample',
  }
}

/** A new directory for a store that this master key opens. */
function withKeyOf(kept: string, directory: string): string {
  mkdirSync(directory)
  copyFileSync(join(kept, 'master.key'), join(directory, 'master.key'))
  return directory
}

/** Starts a PostgreSQL, in which the server has a user of its own, with a password that is looked for. */
export async function onPostgres(directory: string, random: Random): Promise<Engine & { stop(): Promise<void> }> {
  const log: string[] = []
  const postgres = await startPostgres(directory, [], line => log.push(String(line)))
  const password = `db-${random.bytes(16).toString('hex')}`
  const client = new pg.Client(postgres.url)
  await client.connect()
  await client.query(`create role app login createdb password '${password}'`)
  await client.query('alter database understudy owner to app')
  for (const name of ['restored', 'moved']) await client.query(`create database ${name} owner app`)
  const way = await wayTo(Number(new URL(postgres.server).port))
  const urlOf = (database: string, port: number) => `postgres://app:${password}@127.0.0.1:${port}/${database}`
  const data = urlOf('understudy', way.port)
  const [restored, moved] = ['restored', 'moved'].map(name => urlOf(name, Number(new URL(postgres.server).port)))
  const file = join(directory, 'restored-file')
  return {
    name: 'postgres',
    data,
    secrets: { 'database password': password },
    copies: (kept, backup) => [
      { argv: ['restore', backup], env: { UNDERSTUDY_DATA: restored } },
      { argv: ['restore', backup, '--data', withKeyOf(kept, file)] },
      { argv: ['migrate-store', '--from', file, '--to', String(moved)] },
    ],
    failures: (home, backup) => [
      { argv: ['restore', backup], env: { UNDERSTUDY_DATA: restored }, code: 1 },
      { argv: ['migrate-store', '--from', home, '--to', String(moved)], code: 1 },
      { argv: ['doctor'], env: { UNDERSTUDY_DATA: data.replace(password, `${password.slice(0, -1)}x`) }, code: 1 },
    ],
    cut: { away: () => way.cut(), back: () => way.mend() },
    *files() {
      yield* filesBelow(join(directory, 'postgres'))
      yield* filesBelow(file, FILES_OF_SECRETS)
      yield { name: 'its log', bytes: Buffer.from(log.join('\n')) }
    },
    start: 'seed',
    async stop() {
      way.close()
      await client.end()
      await postgres.stop()
    },
  }
}

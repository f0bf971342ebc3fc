// The store as it lies there, read and aged beside whoever works on it, on either engine.

import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import pg from 'pg'

/** Whole numbers are numbers. */
export type Row = Record<string, unknown>

export interface Store {
  /** What `--data` names. */
  location: string
  /** Several statements see one state of the store. */
  read(...statements: string[]): Promise<Row[][]>
  write(...statements: string[]): Promise<void>
  /** Resolves when nobody works on it any more: a database goes on for a moment for those that were killed. */
  quiet(): Promise<void>
  /** What the engine says against its own files; nothing is well. */
  damage(): Promise<string[]>
}

const LOCK_WAIT_MS = 10_000
const POLL_MS = 20

export function sqliteStore(directory: string): Store {
  const open = <T>(work: (database: DatabaseSync) => T): T => {
    const database = new DatabaseSync(join(directory, 'understudy.db'), { timeout: LOCK_WAIT_MS })
    try {
      return work(database)
    } finally {
      database.close()
    }
  }
  return {
    location: directory,
    read: async (...statements) =>
      open(database => {
        database.exec('begin')
        const found = statements.map(statement => database.prepare(statement).all())
        database.exec('commit')
        return found
      }),
    write: async (...statements) =>
      open(database => database.exec(['begin immediate', ...statements, 'commit'].join(';'))),
    quiet: async () => {},
    damage: async () =>
      open(database => [
        ...database
          .prepare('pragma integrity_check')
          .all()
          .map(row => String(row.integrity_check))
          .filter(found => found !== 'ok'),
        ...database
          .prepare('pragma foreign_key_check')
          .all()
          .map(row => `a row of ${row.table} names one of ${row.parent} that is not there`),
      ]),
  }
}

let made = 0

/** Gives the URL of another empty database of a server. */
export async function createDatabase(server: string): Promise<string> {
  const client = new pg.Client(`${server}/postgres`)
  await client.connect()
  const name = `kills_${process.pid}_${++made}`
  await client.query(`create database ${name}`)
  await client.end()
  return `${server}/${name}`
}

export function postgresStore(url: string): Store {
  const open = async <T>(work: (client: pg.Client) => Promise<T>): Promise<T> => {
    const client = new pg.Client(url)
    client.on('error', () => {})
    await client.connect()
    try {
      return await work(client)
    } finally {
      await client.end()
    }
  }
  return {
    location: url,
    read: (...statements) =>
      open(async client => {
        await client.query('begin isolation level repeatable read read only')
        const found: Row[][] = []
        for (const statement of statements) found.push((await client.query(statement)).rows)
        await client.query('commit')
        return found
      }),
    write: (...statements) =>
      open(async client => {
        await client.query(['begin', ...statements, 'commit'].join(';'))
      }),
    quiet: () =>
      open(async client => {
        const others = `select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
          and backend_type = 'client backend'`
        while ((await client.query(others)).rows.length > 0) await setTimeout(POLL_MS)
      }),
    // A foreign key holds at every commit here; what pages hold is read whole by the other checks.
    damage: async () => [],
  }
}

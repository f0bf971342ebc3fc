// A PostgreSQL whose superuser is not the server, so that it can be told to refuse it.

import { chmodSync } from 'node:fs'
import { dirname } from 'node:path'
import pg from 'pg'
import { type Postgres, startPostgres } from '../../bench/stores/postgres.ts'

/** The server's role, and its database. */
const ROLE = 'served'

export interface PostgresServer extends Pick<Postgres, 'halt' | 'start'> {
  /** Of its one database, for a user who is no superuser. */
  url: string
  /** Asked by a superuser, on a connection of its own. */
  query(sql: string): Promise<Record<string, unknown>[]>
  /** Ends every connection of ours. */
  terminate(): Promise<void>
  /** The server may have no more connections than that; -1 for as many as there are. */
  limitConnections(max: number): Promise<void>
  /** Whether the server's later connections may write. */
  takeWrites(takes: boolean): Promise<void>
}

/** Starts one in a directory below `directory`; it ends with this process. */
export async function startPostgresServer(directory: string): Promise<PostgresServer> {
  chmodSync(dirname(directory), 0o755)
  const { server, halt, start } = await startPostgres(directory)
  const query = async (sql: string, database = ROLE) => {
    const client = new pg.Client(`${server}/${database}`)
    // Where it is stopped under us, the query says so.
    client.on('error', () => {})
    await client.connect()
    try {
      return (await client.query(sql)).rows
    } finally {
      await client.end()
    }
  }
  await query(`create role ${ROLE} login password 'secret'`, 'postgres')
  await query(`create database ${ROLE} owner ${ROLE}`, 'postgres')
  const url = new URL(`${server}/${ROLE}`)
  url.username = ROLE
  url.password = 'secret'
  return {
    url: url.href,
    halt,
    start,
    query,
    async terminate() {
      await query(`select pg_terminate_backend(pid) from pg_stat_activity where usename = '${ROLE}'`)
    },
    async limitConnections(max) {
      await query(`alter role ${ROLE} connection limit ${max}`)
    },
    async takeWrites(takes) {
      await query(`alter role ${ROLE} set default_transaction_read_only = ${takes ? 'off' : 'on'}`)
    },
  }
}

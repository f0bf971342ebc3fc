// The one connection of a move or a backup: for Kysely, and bare for COPY. Unlike a server's, its statements take what time they need.

import { Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import type { Database } from '../database.ts'

export interface Connected {
  db: Kysely<Database>
  client: pg.Client
}

const CONNECT_MS = 10_000

/** Connects to `url`. Throws what the server, or the network, says. */
export async function connectTo(url: string): Promise<Connected> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'understudy copy',
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
  })
  // Whatever runs on it is told by its own error.
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? error.code : error
    throw new Error(`cannot connect to the database: ${reason}`, { cause: error })
  }
  const connection = Object.assign(client, { release() {} })
  const pool = { options: {}, connect: async () => connection, end: () => client.end() }
  return { db: new Kysely<Database>({ dialect: new PostgresDialect({ pool }) }), client }
}

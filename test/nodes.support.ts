// Several servers on one PostgreSQL, each a process of its own with a home of its own, behind one test client.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import test from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { sql } from 'kysely'
import pg from 'pg'
import { SERVER_URL } from './postgres.ts'
import { fileWith, type ServerProcess, serve, temporaryDirectory } from './process.ts'
import type { TestApp } from './support.ts'

/** How long a condition that no event tells of may take to come about. */
const PATIENCE_MS = 15_000
const POLL_MS = 20

/** Registers a test where there is a PostgreSQL; it gets the server's URL. */
export function testOnPostgres(name: string, scenario: (server: string) => Promise<void>): void {
  const server = process.env[SERVER_URL]
  if (server !== undefined) test(name, () => scenario(server))
}

export interface TestDatabase {
  url: string
  /** On a connection of its own: one that stays open would keep the test file from ending. */
  query<Row extends object>(sql: string, values?: unknown[]): Promise<Row[]>
  /** Does something while a transaction is open in which `sql` ran; then rolls that back. */
  during<T>(sql: string, work: () => Promise<T>): Promise<T>
}

let made = 0

/** A database with nothing in it, but for what `options` of `create database` say. */
export async function emptyDatabase(server: string, options = ''): Promise<TestDatabase> {
  const name = `nodes_${process.pid}_${++made}`
  await connected(`${server}/postgres`, client => client.query(`create database ${name} ${options}`))
  const url = `${server}/${name}`
  return {
    url,
    query: (sql, values) => connected(url, async client => (await client.query(sql, values)).rows),
    during: (sql, work) =>
      connected(url, async client => {
        await client.query('begin')
        await client.query(sql)
        return work()
      }),
  }
}

/**
 * Starts one after the other while a transaction is open in which `statement` ran, each once those before it wait in the
 * app's database; then lets them go on, and gives what became of them.
 */
export async function inTurn<T>({ app }: TestApp, statement: string, starts: (() => Promise<T>)[]): Promise<T[]> {
  const { db } = app.context
  const waiting = sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  const started = await db.transaction().execute(async tx => {
    await sql.raw(statement).execute(tx)
    const begun: Promise<T>[] = []
    for (const start of starts) {
      begun.push(start())
      await until(`${begun.length} wait`, async () => (await waiting.execute(db)).rows.length === begun.length)
    }
    return begun
  })
  return Promise.all(started)
}

async function connected<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

export const MASTER_KEY = randomBytes(32).toString('base64')

/** Starts a node. */
export function startNode(data: string, seed: string, env: NodeJS.ProcessEnv = {}): Promise<ServerProcess> {
  return serve(['--data', data, '--seed', fileWith('seed.yaml', seed)], {
    UNDERSTUDY_MASTER_KEY: MASTER_KEY,
    UNDERSTUDY_HOME: join(temporaryDirectory(), 'home'),
    UNDERSTUDY_LOG_LEVEL: 'debug',
    ...env,
  })
}

export interface Reply {
  status: number
  body: string
}

const agent = new Agent({ keepAlive: true, maxSockets: 100 })

/** One request; undefined when the node did not answer it: it was killed. */
export function send(
  { url }: ServerProcess,
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: object,
): Promise<Reply | undefined> {
  return new Promise(resolve => {
    const type = body === undefined ? {} : { 'content-type': 'application/json' }
    const sent = request(url + path, { method, agent, headers: { ...headers, ...type } }, reply => {
      let text = ''
      reply.on('data', chunk => (text += chunk))
      reply.on('error', () => resolve(undefined))
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, body: text }))
    })
    sent.on('error', () => resolve(undefined))
    sent.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

/** Waits until something holds that only asking tells. Fails, with `what`, when it never does. */
export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let left = PATIENCE_MS / POLL_MS; left > 0; left--) {
    if (await holds()) return
    await setTimeout(POLL_MS)
  }
  assert.fail(`it never came about that ${what}`)
}

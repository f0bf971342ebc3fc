// A yardstick: one SQLite store, as durable as ours, and one row a transaction, one after the other. `node
// inserts-alone.ts FILE`; then `GET /?ms=MILLISECONDS` inserts for so long, and answers how many a second.

import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openSqlite } from '../../src/platform/db/sqlite.ts'

/** About what a membership's row holds. */
const TEXT = 'x'.repeat(200)

const database = openSqlite(process.argv[2] ?? '')
database.exec('create table rows (id text primary key, data text not null)')
const insert = database.prepare('insert into rows (id, data) values (?, ?)')

function insertsPerSecond(ms: number): number {
  const startedAt = performance.now()
  let made = 0
  while (performance.now() - startedAt < ms) {
    insert.run(randomUUID(), TEXT)
    made++
  }
  return (made * 1000) / (performance.now() - startedAt)
}

const server = createServer((request, response) => {
  const { searchParams } = new URL(request.url ?? '', 'http://127.0.0.1')
  response.end(String(insertsPerSecond(Number(searchParams.get('ms')))))
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
process.on('SIGTERM', () => process.exit(0))

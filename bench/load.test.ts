// The benchmark's own measures: answers are read whole however they come, and disturbed rounds do not count.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'node:test'
import { Connection, expect, request } from './connection.ts'
import { inCircles, load } from './load.ts'
import { type Raced, type Round, ratioOf } from './rounds.ts'

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Answers with what was sent: `/sized` in one piece, `/chunked` in three. `/empty` has no body, `/none` ends the connection. */
function echo(): Server {
  return createServer(async (incoming, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    if (incoming.url === '/empty') return response.writeHead(204).end()
    if (incoming.url === '/none') return incoming.socket.destroy()
    if (incoming.url === '/sized') return response.writeHead(201, { 'content-length': body.length }).end(body)
    response.write(body)
    setImmediate(() => response.write('and '))
    setImmediate(() => setImmediate(() => response.end('more')))
  })
}

test('an answer is read whole, sized or chunked, and one that does not come is an error', async t => {
  const server = echo()
  const url = await listening(server)
  t.after(() => server.close())
  const connection = await Connection.open(url)
  const sized = await connection.send(request('POST', '/sized', {}, { name: 'Zoë' }))
  assert.deepEqual([sized.status, sized.body.toString()], [201, '{"name":"Zoë"}'])
  const empty = await connection.send(request('DELETE', '/empty', {}))
  assert.deepEqual([empty.status, empty.body.length], [204, 0])
  const chunked = await connection.send(request('POST', '/chunked', {}, [1]))
  assert.equal(chunked.status, 200)
  const long = await connection.send(request('POST', '/sized', {}, ['x'.repeat(900_000)]))
  assert.equal(long.body.length, 900_004)
  assert.match(chunked.body.toString(), /\[1\].*and .*more.*0\r\n\r\n$/s)
  await assert.rejects(expect(200, connection, request('POST', '/sized', {}, {})), /POST \/sized .*201: \{\}/)
  await assert.rejects(connection.send(request('GET', '/none', {})), /ended before/)
  await assert.rejects(connection.send(request('GET', '/sized', {})), /has ended/)
})

test('load ends when there is nothing left to send, and counts every answer', async t => {
  const server = echo()
  const url = await listening(server)
  t.after(() => server.close())
  const circle = inCircles([request('POST', '/sized', {}, [1]), request('POST', '/sized', {}, [2])])
  let left = 25
  const next = () => (left-- > 0 ? circle() : undefined)
  const { answered, times } = await load(url, { connections: 4, status: 201, next }, 60)
  assert.deepEqual([answered, times.length], [25, 25])
})

test('a ratio leaves disturbed rounds out, and is one of processor time when too few are left', () => {
  const raced = (name: string, rounds: Partial<Round>[]): Raced => {
    const same = { p50Ms: 1, p99Ms: 1, rssMiB: 1, disturbed: false }
    return { name, rounds: rounds.map(round => ({ ...same, perSecond: 100, cpuUs: 10, ...round })) }
  }
  const base = raced('base', [{}, {}, {}, { disturbed: true, perSecond: 1 }])
  const half = { perSecond: 50, cpuUs: 40 }
  assert.deepEqual(ratioOf(raced('ours', [half, half, half, half]), base), { ratio: 0.5, of: 'base' })
  const disturbed = { ...half, disturbed: true }
  assert.deepEqual(ratioOf(raced('ours', [half, half, disturbed, half]), base), {
    ratio: 0.25,
    of: 'base, by CPU time',
  })
})

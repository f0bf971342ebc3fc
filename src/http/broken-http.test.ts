// The answer on a bare socket. Whatever has a store is in test/broken-http.test.ts: the clock is moved here.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import type { ConnectionError } from 'fastify'
import { createLog } from '../platform/log.ts'
import { vendors } from '../vendors/index.ts'
import { answerBrokenHttp } from './broken-http.ts'

const M = '/admin/2022-01/memberships'

/** A connection on which the server sees `error`; `ended` resolves when it has closed its side altogether. */
async function broken(error: { code: string; rawPacket?: Buffer }) {
  const parts = { vendors, log: createLog('silent'), requestId: '0'.repeat(32) }
  const server = createServer({ allowHalfOpen: true }, socket => {
    answerBrokenHttp(error as unknown as ConnectionError, socket, parts)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const [socket] = await accepted
  const [answer] = (await once(client, 'data')) as [Buffer]
  const close = () => {
    client.destroy()
    server.close()
  }
  return { answer: answer.toString(), socket, close }
}

test('a request that took too long is told so, with the same status in its body', async () => {
  for (const [path, body] of [
    [M, '"meta":{"code":408,"type":"RequestTimeout"'],
    ['/v2/users', '"code":"REQUEST_TIMEOUT"'],
    ['/members', '"message":"The request took too long to come."'],
    ['/understudy/v1/keys', '"status":408,"code":"tooSlow"'],
  ] as const) {
    const rawPacket = Buffer.from(`GET ${path} HTTP/1.1\r\n`)
    const { answer, close } = await broken({ code: 'ERR_HTTP_REQUEST_TIMEOUT', rawPacket })
    assert.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\n/)
    assert.ok(answer.includes(body), answer)
    close()
  }
})

test('a client that was refused and does not end its side is cut off', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { socket, close } = await broken({ code: 'HPE_INVALID_METHOD' })
  t.mock.timers.tick(5000)
  await once(socket, 'close')
  close()
})

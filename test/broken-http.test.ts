// What is no HTTP that can be read, where it stands beside or within requests that can be.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { ACME } from './operator.ts'
import { exchangeBytes } from './socket.ts'
import { startApp } from './support.ts'

const M = '/admin/2022-01/memberships'
const KEY = 'as-api-key: as_plain_key'

function invite(email: string, ...lines: string[]): string {
  const body = JSON.stringify({ account: { email }, role: { code: 'member' } })
  return [`POST ${M} HTTP/1.1`, 'host: x', KEY, ...lines, `content-length: ${body.length}`, '', body].join('\r\n')
}

/** The statuses of all answers until the server closes the connection. */
async function statusesOf(origin: string, bytes: string): Promise<number[]> {
  const text = await exchangeBytes(origin, bytes, () => false)
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
}

test('what is broken behind a whole request is refused after it was answered', async () => {
  const { app, assertEvents } = await startApp(ACME)
  const origin = await app.listen()
  for (const broken of ['JUNK JUNK\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', '\0'.repeat(3000)]) {
    const roles = `GET /admin/2022-01/roles HTTP/1.1\r\nhost: x\r\n${KEY}\r\n\r\n`
    assert.deepEqual(await statusesOf(origin, roles.repeat(3) + broken), [200, 200, 200, 400], broken)
  }
  const sent = `${invite('nina@acme.test')}JUNK JUNK\r\n\r\n${invite('new@acme.test')}`
  assert.deepEqual(await statusesOf(origin, sent), [201, 400])
  await assertEvents('membership.created')
})

test('what follows the last request by its own word is neither answered nor carried out', async () => {
  const { app, assertEvents } = await startApp(ACME)
  const origin = await app.listen()
  const last = `GET /admin/2022-01/roles HTTP/1.1\r\nhost: x\r\n${KEY}\r\nconnection: close\r\n\r\n`
  assert.deepEqual(await statusesOf(origin, last + invite('nina@acme.test')), [200])
  await assertEvents()
})

const PATHS: Record<string, RegExp> = {
  [M]: /"meta":\{"code":400,"type":"BadRequest"/,
  '/v2/users': /"error":\{"code":"BAD_REQUEST"/,
  '/members': /\{"code":"generic-message","message":/,
  '/understudy/v1/keys': /"code":"malformed"/,
}

test('a body that breaks after its headers were read is refused in the envelope of its path', async () => {
  const { app, assertEvents } = await startApp(ACME)
  const { hostname, port } = new URL(await app.listen())
  const socket = connect(Number(port), hostname)
  const head = [`POST ${M} HTTP/1.1`, 'host: x', KEY, 'expect: 100-continue', 'transfer-encoding: chunked']
  socket.write(`${head.join('\r\n')}\r\n\r\n`)
  // It has read the headers by then.
  await once(socket, 'data')
  socket.write('no chunk\r\n')
  const [answer] = (await once(socket, 'data')) as [Buffer]
  assert.match(answer.toString(), PATHS[M] ?? /^$/)
  await once(socket, 'close')
  await assertEvents()
})

test('a request that was refused before its body broke has that answer alone', async () => {
  const { app } = await startApp(ACME)
  const { hostname, port } = new URL(await app.listen())
  const socket = connect(Number(port), hostname)
  socket.write('POST /v2/users HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n')
  const [answer] = (await once(socket, 'data')) as [Buffer]
  assert.match(answer.toString(), /^HTTP\/1\.1 401 /)
  let more = ''
  socket.on('data', data => (more += data))
  socket.write('no chunk\r\n')
  await once(socket, 'close')
  assert.equal(more, '')
})

test('a request without a host, or of a version that is not spoken, is refused in the envelope of its path', async () => {
  const { app } = await startApp(ACME)
  const origin = await app.listen()
  const isWhole = (text: string) => text.includes('}')
  for (const [path, envelope] of Object.entries(PATHS)) {
    for (const request of [
      `GET ${path} HTTP/1.1\r\n`,
      `GET ${path} HTTP/2.0\r\nhost: x\r\n`,
      `GET ${path}\r\nhost: x\r\n`,
    ]) {
      const text = await exchangeBytes(origin, `${request}\r\n`, isWhole)
      assert.match(text, /^HTTP\/1\.1 400 /, request)
      assert.match(text, envelope, request)
    }
  }
  assert.deepEqual(await statusesOf(origin, `GET ${M} HTTP/1.0\r\n${KEY}\r\n\r\n`), [200])
})

test('an expectation that nobody knows is let be', async () => {
  const { app } = await startApp(ACME)
  const origin = await app.listen()
  const sent = `GET ${M} HTTP/1.1\r\nhost: x\r\n${KEY}\r\nexpect: 200-ok\r\nconnection: close\r\n\r\n`
  assert.deepEqual(await statusesOf(origin, sent), [200])
})

// Clients that take their time: each is told and cut within the server's bounds, or cut where nothing can be said.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import test, { type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { startApp } from './support.ts'

const PATIENCE = { requestMs: 1000, lookEveryMs: 50, silenceMs: 5000 }
/** Longer than the server takes to write them all. */
const SILENCE_MS = 1500
const TLS = {
  cert: readFileSync(new URL('./fixtures/tls-cert.pem', import.meta.url)),
  key: readFileSync(new URL('./fixtures/tls-key.pem', import.meta.url)),
}
const SEED = `
aftership:
  organizations: [{ id: org_acme, name: Acme, keys: [{ name: plain, mode: api_key, key: as_plain_key }] }]
easypost: { users: [{ name: Acme, keys: { production: EZAKacme } }] }
memberstack: { apps: [{ name: Club, keys: { sandboxSecret: sk_sb_acme } }] }
`
/** More than the buffers between two sockets of one machine hold. */
const UNREAD_BYTES = 72 * 1024 * 1024

async function open(t: TestContext, url: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname).on('error', () => {})
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** Whatever way it was cut. */
function closed(socket: Socket): Promise<void> {
  return new Promise(resolve => socket.once('close', () => resolve()))
}

/** All that the server says until it closes, while a byte is sent every now and then. */
async function dripping(socket: Socket, head: string, drop: string): Promise<string> {
  let said = ''
  socket.on('data', chunk => (said += chunk))
  socket.write(head)
  const drip = setInterval(() => socket.writable && socket.write(drop), PATIENCE.lookEveryMs)
  await closed(socket)
  clearInterval(drip)
  return said
}

const SLOW: Record<string, [head: string, drop: string, said: RegExp]> = {
  'a body of AfterShip’s': [
    'POST /admin/2022-01/memberships HTTP/1.1\r\nhost: a\r\nas-api-key: as_plain_key\r\ncontent-length: 9999\r\n\r\n{',
    ' ',
    /"meta":\{"code":408/,
  ],
  'a body of EasyPost’s': [
    'POST /v2/users HTTP/1.1\r\nhost: a\r\nauthorization: Basic RVpBS2FjbWU6\r\ncontent-length: 9999\r\n\r\n{',
    ' ',
    /"error":\{"code":"[A-Z_]*TIME/,
  ],
  'a body of Memberstack’s': [
    'POST /members HTTP/1.1\r\nhost: a\r\nx-api-key: sk_sb_acme\r\ncontent-length: 9999\r\n\r\n{',
    ' ',
    /\{"code":"generic-message"/,
  ],
  'headers without end': ['GET /v2/users HTTP/1.1\r\nhost: a\r\nx: ', 'x', /^HTTP\/1\.1 408 /],
}

for (const [what, [head, drop, expected]] of Object.entries(SLOW)) {
  test(`${what}, byte by byte: answered 408 once, and the connection is closed`, async t => {
    const { app, assertEvents } = await startApp(SEED, { patience: PATIENCE })
    const said = await dripping(await open(t, await app.listen()), head, drop)
    assert.match(said, expected)
    assert.deepEqual(said.match(/HTTP\/1\.1 \d{3}/g), ['HTTP/1.1 408'])
    await assertEvents()
  })
}

test('a client that does not read its answers is cut; others are served meanwhile', async t => {
  const { app } = await startApp('', { patience: { requestMs: 60_000, lookEveryMs: 30_000, silenceMs: SILENCE_MS } })
  const url = await app.listen()
  const answer = await (await fetch(`${url}/openapi/control.json`)).text()
  const unread = Math.ceil(UNREAD_BYTES / answer.length)
  const socket = await open(t, url)
  socket.pause()
  socket.write('GET /openapi/control.json HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(unread))
  assert.equal((await fetch(`${url}/health`)).status, 200)
  await setTimeout(3 * SILENCE_MS)
  let read = 0
  socket.on('data', chunk => (read += chunk.toString('latin1').split('HTTP/1.1 200 ').length - 1))
  await closed(socket.resume())
  assert.ok(read > 0 && read < unread, `${read} of ${unread} answers`)
})

test('a TLS handshake that does not begin, or does not end, is cut', async t => {
  const { app } = await startApp('', { patience: { ...PATIENCE, silenceMs: 3_600_000 }, tls: TLS })
  const url = await app.listen()
  const [silent, halfSaid] = [await open(t, url), await open(t, url)]
  // The beginning of a ClientHello of 256 bytes.
  halfSaid.write(Buffer.from([22, 3, 1, 1, 0, 1]))
  await Promise.all([silent, halfSaid].map(socket => closed(socket.resume())))
})

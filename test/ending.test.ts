// How a server ends while connections are open.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import test, { type TestContext } from 'node:test'
import { startApp } from './support.ts'

async function open(t: TestContext, url: string, sent: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname).on('error', () => {})
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  if (sent !== '') socket.write(sent)
  return socket
}

test('what was asked is answered, and who has not asked for anything is not waited for', async t => {
  const { app } = await startApp('')
  const url = await app.listen()
  const asked = await open(t, url, 'POST /understudy/v1/tokens HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{')
  const halfAsked = await open(t, url, 'GET /health HTT')
  const silent = await open(t, url, '')
  // All three have arrived by the time that a fourth is answered.
  await fetch(`${url}/health`)
  const cut = Promise.all([once(halfAsked, 'close'), once(silent, 'close')])
  const closed = app.close()
  await cut
  const answer = once(asked, 'data')
  asked.write('}')
  assert.match(String(await answer), /^HTTP\/1\.1 401 /)
  await closed
})

// A mail server that hangs.

import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

/** A server that takes connections and never says a word. */
export async function startSilentServer(t: TestContext) {
  const sockets: Socket[] = []
  const server = createServer(socket => void sockets.push(socket.on('error', () => {})))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const hangUp = () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  t.after(hangUp)
  const address = server.address()
  const port = typeof address === 'object' && address?.port
  const settings = { url: `smtp://127.0.0.1:${port}`, from: 'noreply@understudy.test' }
  return { settings, connected: () => (sockets.length > 0 ? undefined : once(server, 'connection')), hangUp }
}

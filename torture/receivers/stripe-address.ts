// What stands at the address where Stripe is expected, and fails as receivers of webhooks do.

import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Way } from './ways.ts'

export interface StripeAddress {
  url: string
  set(way: Way | undefined): void
  /** Whether a customer was deleted while it was well. */
  hasDeleted(): boolean
  close(): void
}

export async function startStripeAddress(): Promise<StripeAddress> {
  const sockets = new Set<Socket>()
  let way: Way | undefined
  let hasDeleted = false
  const server = createServer(socket => {
    sockets.add(socket.on('error', () => {}))
    socket.on('close', () => sockets.delete(socket))
    if (way?.at === 'connection') return way.act(socket)
    socket.once('data', (request: Buffer) => {
      if (way) return way.act(socket)
      const isDelete = request.toString('latin1', 0, 6) === 'DELETE'
      hasDeleted ||= isDelete
      const customer = { id: 'cus_1', object: 'customer', deleted: true }
      const body = JSON.stringify(isDelete ? customer : { object: 'list', data: [], has_more: false, url: '/' })
      const head = ['HTTP/1.1 200 OK', 'content-type: application/json', 'connection: close', 'request-id: req_1']
      socket.end([...head, `content-length: ${body.length}`, '', body].join('\r\n'))
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    set(next) {
      way = next
    },
    hasDeleted: () => hasDeleted,
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

// Where every tenant's webhooks are sent: one address, a path for each endpoint. Each delivery must be the endpoint's own
// in body, headers, URL and signature, and in the end each endpoint must have got exactly what the model says.

import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Viewer } from './marks.ts'

export interface Delivered {
  path: string
  headers: IncomingHttpHeaders
  body: string
}

export interface Hook {
  viewer: Viewer
  /** Path and query. */
  path: string
  /** What was sent, as `event subject`, and by which message; undefined where the signature or a header is not its own. */
  read(delivered: Delivered): { message: string; told: string } | undefined
  /** What it has to get, as `event subject`. */
  expected: string[]
  /** Removed: what was under way may never come. */
  removed: boolean
  got: Map<string, string>
}

export class Receiver {
  readonly url: string
  readonly #inbox: Delivered[] = []
  readonly #hooks = new Map<string, Hook>()
  readonly #end: () => void

  private constructor(url: string, inbox: Delivered[], end: () => void) {
    this.url = url
    this.#inbox = inbox
    this.#end = end
  }

  static async open(): Promise<Receiver> {
    const inbox: Delivered[] = []
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', chunk => chunks.push(chunk))
      request.on('end', () => {
        const { url: path = '', headers } = request
        inbox.push({ path, headers, body: Buffer.concat(chunks).toString() })
        response.end('ok')
      })
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    return new Receiver(`http://127.0.0.1:${port}`, inbox, () => {
      server.closeAllConnections()
      server.close()
    })
  }

  close(): void {
    this.#end()
  }

  /** An endpoint that is about to be registered. */
  add(hook: Pick<Hook, 'viewer' | 'path' | 'read'>): Hook {
    const added = { ...hook, expected: [], removed: false, got: new Map() }
    this.#hooks.set(hook.path, added)
    return added
  }

  /** What has come since, and to which endpoint: undefined where nobody registered that. */
  take(): { delivered: Delivered; hook: Hook | undefined }[] {
    return this.#inbox.splice(0).map(delivered => ({ delivered, hook: this.#hooks.get(delivered.path) }))
  }

  /** How many of those that must come have not. */
  missing(): number {
    const open = this.all().filter(hook => !hook.removed)
    return open.reduce((sum, hook) => sum + Math.max(0, hook.expected.length - hook.got.size), 0)
  }

  all(): Hook[] {
    return [...this.#hooks.values()]
  }
}

// What stands around the server: receivers of webhooks, Stripe, and a mail server. None of them keeps a secret: each says
// back, in its answer, whatever it was sent.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { SMTPServer } from 'smtp-server'

export interface StandIn {
  url: string
  /** The bodies that it got. */
  got: string[]
  close(): Promise<void>
}

/** Below `/taken` it takes webhooks, below `/failing` it does not; everything else is Stripe, which refuses. */
export async function startIndiscreet(): Promise<StandIn> {
  const got: string[] = []
  const server = createServer(async (request, response) => {
    got.push(await text(request))
    answer(request, response, got.at(-1) ?? '')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    got,
    async close() {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
}

function answer({ url = '', headers }: IncomingMessage, response: ServerResponse, body: string): void {
  const status = url.startsWith('/taken') ? 200 : url.startsWith('/failing') ? 500 : 401
  const { host: _host, ...sent } = headers
  const message = `you sent ${JSON.stringify({ url, headers: sent, body, ...decodedIn(sent) })}`
  const isStripe = status === 401
  const said = isStripe ? JSON.stringify({ error: { type: 'invalid_request_error', message } }) : message
  response.writeHead(status, {
    'content-type': isStripe ? 'application/json' : 'text/plain',
    location: url,
    'x-you-sent': encodeURIComponent(JSON.stringify(sent)),
    'set-cookie': `session=${encodeURIComponent(String(sent.authorization))}`,
  })
  response.end(said)
}

/** A receiver knows the user and password in clear. */
function decodedIn({ authorization = '' }: IncomingMessage['headers']): object {
  const [, basic] = /^Basic (.+)$/.exec(authorization) ?? []
  return basic === undefined ? {} : { signedIn: Buffer.from(basic, 'base64').toString() }
}

/**
 * Refuses the first who signs in, and quotes the password; then takes mails, but for those to addresses that hold
 * `bea` or `new`, which it refuses, and quotes them.
 */
export async function startMailServer(): Promise<{ port: number; refused: () => number; close(): Promise<void> }> {
  let refused = 0
  const refusal = (said: string) => {
    refused++
    return Object.assign(new Error(said.replaceAll(/\s+/g, ' ').slice(0, 400)), { responseCode: 550 })
  }
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth({ username, password }, _session, callback) {
      if (refused === 0) callback(refusal(`no ${username} with ${password}`))
      else callback(null, { user: username })
    },
    onData(stream, { envelope }, callback) {
      text(stream).then(mail => {
        const quoted = mail.slice(mail.indexOf('\r\n\r\n')).replaceAll('=\r\n', '')
        const isRefused = envelope.rcptTo.some(({ address }) => /bea|new/.test(address))
        callback(isRefused ? refusal(`spam: ${quoted}`) : null)
      }, callback)
    },
  })
  server.on('error', () => {})
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  return {
    port: (server.server.address() as AddressInfo).port,
    refused: () => refused,
    close: () => new Promise(resolve => server.close(() => resolve())),
  }
}

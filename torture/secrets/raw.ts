// Bytes on a bare connection: what no client would send.

import { connect } from 'node:net'
import type { Ledger } from './ledger.ts'
import type { Reply } from './wire.ts'

/** How long a server may leave a connection without a word that was ended on our side. */
const SILENCE_MS = 10_000

/** Sends bytes, ends its side, and gives all that comes back until the server ends its own. */
export function exchange(origin: string, bytes: Buffer): Promise<Buffer> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true }, () => socket.end(bytes))
    socket.setTimeout(SILENCE_MS, () => socket.destroy(new Error('the server neither answered nor hung up')))
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    // Reset where the server hung up on what it did not read to its end.
    socket.on('error', error =>
      'code' in error && /ECONNRESET|EPIPE/.test(String(error.code)) ? undefined : reject(error),
    )
    socket.on('close', () => resolve(Buffer.concat(chunks)))
  })
}

/** Status 0 where nothing came back. */
export async function exchangeHttp(origin: string, bytes: Buffer): Promise<Pick<Reply, 'status' | 'body'>> {
  const text = (await exchange(origin, bytes)).toString('latin1')
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0)
  return { status, body: text.slice(text.indexOf('\r\n\r\n') + 4) }
}

/** HTTP that cannot be read, with a secret in each place. What is answered is searched with all else: it is on the log. */
export async function sendBroken(origin: string, ledger: Ledger): Promise<string[]> {
  const answers: string[] = []
  for (const { text } of ledger.secrets.filter((_, index) => index % 5 === 0)) {
    for (const packet of [
      `GET /${text} HTTP/9.9\r\n\r\n`,
      `GET / HTTP/1.1\r\nhost: x\r\n${text}\r\n\r\n`,
      `${text} / HTTP/1.1\r\nhost: x\r\n\r\n`,
      `GET /members HTTP/1.1\r\nhost: x\r\nx-api-key: ${text}\u0000\r\n\r\n`,
      `POST /auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n{"${text}"}`,
      `POST /members HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz${text}\r\n`,
    ]) {
      answers.push((await exchange(origin, Buffer.from(packet))).toString('latin1'))
    }
  }
  return answers
}

// Bytes on a bare connection: what no client would send.

import { connect } from 'node:net'
import type { Ledger } from './ledger.ts'

/** A request that the server takes for unfinished gets no answer: then it is ended on our side. */
const UNFINISHED_MS = 500
/** One that is whole gets its answer, however busy the machine is. */
export const WHOLE_MS = 20_000

/** Sends bytes, and gives what comes back until the answer is whole, or the server hangs up. */
function exchange(origin: string, bytes: Buffer, patienceMs = UNFINISHED_MS): Promise<Buffer> {
  const { hostname, port } = new URL(origin)
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0)
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true }, () => socket.write(bytes))
    socket.setTimeout(patienceMs, () => socket.end())
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      if (isWhole(received.toString('latin1'))) socket.destroy()
    })
    socket.on('end', () => socket.destroy())
    // Reset where the server hung up on what it did not read to its end.
    socket.on('error', error =>
      'code' in error && /ECONNRESET|EPIPE/.test(String(error.code)) ? undefined : reject(error),
    )
    socket.on('close', () => resolve(received))
  })
}

function isWhole(text: string): boolean {
  const end = text.indexOf('\r\n\r\n')
  const length = /^content-length: (\d+)/im.exec(text.slice(0, end))?.[1]
  return end >= 0 && length !== undefined && text.length >= end + 4 + Number(length)
}

/** Status 0 where nothing came back. */
export async function exchangeHttp(
  origin: string,
  bytes: Buffer,
  patienceMs?: number,
): Promise<{ status: number; head: string }> {
  const text = (await exchange(origin, bytes, patienceMs)).toString('latin1')
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0)
  return { status, head: text.slice(0, text.indexOf('\r\n\r\n')) }
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

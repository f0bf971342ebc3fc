// Every way in which a receiver of webhooks can fail, or seem to.

import type { Socket } from 'node:net'
import type { Random } from '../random.ts'

export interface Way {
  /** Acts as soon as somebody has connected, before it reads anything; otherwise when it has read the whole request. */
  at: 'connection' | 'request'
  /** Over TLS, with this certificate; otherwise without TLS, whatever the URL says. */
  certificate?: 'self-signed'
  /** The URL's scheme; http unless it is said. */
  scheme?: 'https'
  /** Whether the server has to take the message for taken (there was a 2xx), or for not taken. */
  taken: boolean
  /** Whether an attempt lasts until its time limit. */
  waits?: true
  act(socket: Socket): void
}

/** What nobody but the receiver may know: it is in answers, and must not be in the log. */
export const RECEIVERS_SECRET = 'receivers-own-secret'

const FLOOD_TURN_MS = 1
const DRIP_MS = 1000
const KIB = 1024

/** All of them; what chance decides comes from `random`. */
export function everyWay(random: Random): Record<string, Way> {
  return { ...brokenConnections(), ...brokenAnswers(random), ...statuses(random), ...waiting(), ...takenThoughOdd() }
}

function brokenConnections(): Record<string, Way> {
  return {
    'resets at once': { at: 'connection', taken: false, act: socket => void socket.resetAndDestroy() },
    'closes at once': { at: 'connection', taken: false, act: socket => void socket.end() },
    'resets after the request': refusing(socket => void socket.resetAndDestroy()),
    'closes after the request': refusing(socket => void socket.end()),
    'resets in the headers': refusing(resetAfter('HTTP/1.1 200 OK\r\ncontent-le')),
    'closes in the headers': refusing(saying('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n')),
    'shows a certificate that nobody vouches for': {
      at: 'request',
      certificate: 'self-signed',
      scheme: 'https',
      taken: false,
      act: saying('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'),
    },
    'speaks no TLS where it should': {
      at: 'connection',
      scheme: 'https',
      taken: false,
      act: saying('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'),
    },
    'resets in the handshake': {
      at: 'connection',
      scheme: 'https',
      taken: false,
      act: socket => void socket.once('data', () => socket.resetAndDestroy()),
    },
  }
}

function brokenAnswers(random: Random): Record<string, Way> {
  const noise = random.bytes(2 * KIB)
  return {
    'answers noise': refusing(socket => void socket.end(noise)),
    'speaks another protocol': refusing(saying('220 mail.test ESMTP\r\n')),
    'answers without a status line': refusing(saying('<html>ok</html>')),
    'answers a status that is none': refusing(saying('HTTP/1.1 2OO OK\r\n\r\n')),
    'answers another version': refusing(saying('HTTP/9.9 200 OK\r\n\r\n')),
    'answers headers without an end': refusing(flooding('HTTP/1.1 200 OK\r\n', 'x-more: and more\r\n'.repeat(100))),
    'answers one header without an end': refusing(flooding('HTTP/1.1 200 OK\r\nx-long: ', 'x'.repeat(KIB))),
    'answers a header with U+0000': refusing(saying('HTTP/1.1 200 OK\r\nx-nul: a\0b\r\ncontent-length: 0\r\n\r\n')),
    'answers two lengths': refusing(saying('HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nok')),
    'answers a length that is none': refusing(saying('HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\nok')),
    'switches protocols': refusing(
      saying('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
    ),
    'answers 1xx and closes': refusing(saying('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n')),
  }
}

function statuses(random: Random): Record<string, Way> {
  const answer = (status: number, headers = '', body = RECEIVERS_SECRET) =>
    saying(`HTTP/1.1 ${status} Whatever\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`)
  const redirect = (status: number, location: string) => refusing(answer(status, `location: ${location}\r\n`))
  const anyOf = (least: number, most: number) => (socket: Socket) => answer(random.between(least, most), '', '')(socket)
  return {
    'answers 3xx': refusing(anyOf(300, 399)),
    'answers 4xx': refusing(anyOf(400, 499)),
    'answers 5xx': refusing(anyOf(500, 599)),
    'answers 6xx to 9xx': refusing(anyOf(600, 999)),
    'is gone': refusing(answer(410)),
    'asks to wait no time': refusing(answer(429, 'retry-after: 0\r\n')),
    'asks to wait for years': refusing(answer(503, `retry-after: 999999999\r\nset-cookie: s=${RECEIVERS_SECRET}\r\n`)),
    'sends on to itself': redirect(307, '/followed'),
    'sends on to a private address': redirect(308, 'http://169.254.169.254/followed'),
    'sends on to a file': redirect(302, 'file:///etc/passwd'),
    'answers 2xx': { at: 'request', taken: true, act: anyOf(200, 299) },
  }
}

function waiting(): Record<string, Way> {
  const hints = 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(100)
  return {
    'says nothing to a connection': { ...refusing(() => {}), at: 'connection', waits: true },
    'says nothing to a request': { ...refusing(() => {}), waits: true },
    'answers a byte a second': { ...refusing(dripping('HTTP/1.1 200 OK\r\nx-slow: '.padEnd(KIB, 'x'))), waits: true },
    'answers hints without an end': { ...refusing(flooding('', hints)) },
    'never ends its handshake': { ...refusing(() => {}), at: 'connection', scheme: 'https', waits: true },
    'takes it, and answers a byte of the body a second': {
      at: 'request',
      taken: true,
      waits: true,
      act: dripping('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n', 'x'.repeat(KIB)),
    },
  }
}

function takenThoughOdd(): Record<string, Way> {
  const taking = (act: Way['act']): Way => ({ at: 'request', taken: true, act })
  const head = 'HTTP/1.1 200 OK\r\n'
  return {
    'takes it with a body after 204': taking(saying('HTTP/1.1 204 No Content\r\n\r\nand yet a body')),
    'takes it after hints': taking(
      saying(`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${head}content-length: 0\r\n\r\n`),
    ),
    'takes it and closes in the body': taking(saying(`${head}content-length: 100\r\n\r\nbegun`)),
    'takes it, keeps the connection, and closes it': taking(
      saying(`${head}connection: keep-alive\r\ncontent-length: 2\r\n\r\nok`),
    ),
    'takes it with a body without an end': taking(flooding(`${head}\r\n`, RECEIVERS_SECRET.repeat(100))),
    'takes it with a body that is none': taking(saying(`${head}transfer-encoding: chunked\r\n\r\nzz\r\nok\r\n`)),
    'takes it with a chunk size without an end': taking(
      flooding(`${head}transfer-encoding: chunked\r\n\r\n`, '0'.repeat(KIB)),
    ),
    'takes it with noise and U+0000': taking(socket => {
      socket.write(`${head}connection: close\r\n\r\n`)
      socket.end(Buffer.from([0, 0xff, 0xfe, 0xed, 0xa0, 0x80, 0, 0x61]))
    }),
  }
}

function refusing(act: Way['act']): Way {
  return { at: 'request', taken: false, act }
}

const saying = (text: string) => (socket: Socket) => void socket.end(text, 'latin1')

/** What was said arrives first. */
const resetAfter = (text: string) => (socket: Socket) =>
  void socket.write(text, () => setImmediate(() => socket.resetAndDestroy()))

/** `first` at once, then one byte of `rest` after the other; of `first` too where there is no rest. */
const dripping = (first: string, rest?: string) => (socket: Socket) => {
  const bytes = rest ?? first
  let sent = 0
  if (rest !== undefined) socket.write(first)
  const drip = setInterval(() => socket.write(bytes[sent++ % bytes.length] ?? ''), DRIP_MS)
  socket.on('close', () => clearInterval(drip))
}

/** As fast as it is read, for as long as it is read. */
const flooding = (first: string, more: string) => (socket: Socket) => {
  socket.write(first)
  const pour = () => {
    while (!socket.destroyed && socket.write(more));
    // A turn for everybody else in this process.
    if (!socket.destroyed) socket.once('drain', () => setTimeout(pour, FLOOD_TURN_MS))
  }
  pour()
}

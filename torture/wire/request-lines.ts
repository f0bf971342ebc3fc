// Request lines of every wrong kind, and the right ones that servers seldom see.

import type { Attack, Table } from './attacks.ts'
import { ANY, type Envelope } from './envelopes.ts'
import { bytesOf } from './request.ts'

const HOST = 'host: wire.test'
/** Where the line names no path of the door's: the envelope of the vendor at the root. */
const ROOT: readonly Envelope[] = ['memberstack']

export const requestLines: Table = (door, writes) => {
  const { path } = door.read(0)
  const lines = [HOST, ...door.opens]
  const attack = (name: string, bytes: Buffer, ends: Attack['ends'], more: Partial<Attack> = {}): Attack => ({
    name,
    packets: [bytes],
    ends,
    ...more,
  })
  const refused = [
    `GET ${path}`,
    `GET ${path} HTTP/1.2`,
    `GET ${path} HTTP/2.0`,
    `GET ${path} HTTP/3`,
    `GET ${path} HTTP/11`,
    `GET ${path} HTTP/1.1 x`,
    `GET ${path} http/1.1`,
    `GET ${path} HTTQ/1.1`,
    `get ${path} HTTP/1.1`,
    `GETT ${path} HTTP/1.1`,
    `G\x00T ${path} HTTP/1.1`,
    `GET ${path}\x00 HTTP/1.1`,
    `GET ${path}\x01 HTTP/1.1`,
    `GET ${path}\x7f HTTP/1.1`,
    `GET\t${path}\tHTTP/1.1`,
    `GET ${path} with blanks HTTP/1.1`,
    ` GET ${path} HTTP/1.1`,
    `${path} HTTP/1.1`,
    'GET HTTP/1.1',
    'GET',
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    `CONNECT ${path} HTTP/1.1`,
    'CONNECT wire.test:443 HTTP/1.1',
    'SOURCE /x ICE/1.0',
    `DESCRIBE ${path} RTSP/1.0`,
  ].map(line => {
    const names = line.split(' ')[1] === path
    return attack(`line ${JSON.stringify(line)}`, bytesOf(line, lines), 'refused', names ? {} : { envelopes: ANY })
  })
  const elsewhere = [
    `GET http://elsewhere.test${path} HTTP/1.1`,
    `GET https://user:pass@elsewhere.test:1${path} HTTP/1.1`,
    `GET ftp://elsewhere.test${path} HTTP/1.1`,
    'OPTIONS * HTTP/1.1',
    'GET * HTTP/1.1',
  ].map(line => attack(`target of another form: ${line}`, bytesOf(line, lines), 'refused', { envelopes: ROOT }))
  const odd = ['TRACE', 'PROPFIND', 'PURGE', 'M-SEARCH', 'QUERY', 'SEARCH', 'LOCK', 'UNLINK', 'REBIND'].map(method =>
    attack(`method ${method}`, bytesOf(`${method} ${path} HTTP/1.1`, lines), 'refused', {
      envelopes: door.name === 'pages' ? ['problem'] : [...envelopeHere(door.name)],
    }),
  )
  const preface = attack('preface of HTTP/2', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), 'refused', {
    envelopes: ROOT,
  })
  const others = [
    attack('HTTP/1.0', bytesOf(`GET ${path} HTTP/1.0`, door.opens), 'served'),
    attack(
      'HTTP/1.0, kept alive',
      bytesOf(`GET ${path} HTTP/1.0`, [...door.opens, 'connection: keep-alive']),
      'served',
    ),
    attack(
      'empty lines before',
      Buffer.concat([Buffer.from('\r\n\r\n'), bytesOf(`GET ${path} HTTP/1.1`, lines)]),
      'served',
    ),
    attack('RTSP', bytesOf(`GET ${path} RTSP/1.0`, lines), 'either'),
    attack('HEAD', bytesOf(`HEAD ${path} HTTP/1.1`, lines), 'refused', { head: true, envelopes: [] }),
    attack('bare LF', Buffer.from([`GET ${path} HTTP/1.1`, ...lines, '', ''].join('\n')), 'refused'),
    attack('bare CR', Buffer.from([`GET ${path} HTTP/1.1`, ...lines, '', ''].join('\r')), 'refused'),
    attack('HTTP/0.9', Buffer.from(`GET ${path}\r\n`), 'waits'),
    attack('half a line', Buffer.from(`GET ${path}`), 'waits'),
    attack('no line at all', Buffer.from('\r\n'.repeat(1000)), 'waits'),
  ]
  return [...refused, ...elsewhere, ...odd, preface, ...others, ...upgrades(door, writes)]
}

function envelopeHere(door: string): Envelope[] {
  if (door === 'AfterShip') return ['aftership']
  if (door === 'EasyPost') return ['easypost']
  return door.startsWith('Memberstack') ? ['memberstack'] : ['problem']
}

/** What asks for another protocol is answered in this one, once. */
const upgrades: Table = door => {
  const { path } = door.read(1)
  return [
    [
      'connection: upgrade',
      'upgrade: websocket',
      'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
      'sec-websocket-version: 13',
    ],
    ['connection: upgrade, http2-settings', 'upgrade: h2c', 'http2-settings: AAMAAABkAAQAAP__'],
    ['connection: upgrade', 'upgrade: TLS/1.0'],
    ['connection: keep-alive, upgrade', 'upgrade:'],
  ].map(lines => ({
    name: `upgrade: ${lines[1]}`,
    packets: [bytesOf(`GET ${path} HTTP/1.1`, [HOST, ...door.opens, ...lines])],
    ends: 'served' as const,
  }))
}

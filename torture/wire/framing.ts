// Requests whose end two readers could see in different places: what smuggling is made of (RFC 9112 sections 5, 6, 7, 11).

import type { Attack, Table } from './attacks.ts'
import { bytesOf, chunked } from './request.ts'

const HOST = 'host: wire.test'
const CHUNKED = 'transfer-encoding: chunked'

/** Header lines that make a body's length doubtful. `LENGTH` stands for the right one. */
const DOUBTFUL = [
  ['content-length: LENGTH', CHUNKED],
  [CHUNKED, 'content-length: LENGTH'],
  ['content-length: 0', CHUNKED],
  ['content-length: LENGTH', 'transfer-encoding: identity'],
  ['content-length: LENGTH', 'content-length: 0'],
  ['content-length: 0', 'content-length: LENGTH'],
  ['content-length: LENGTH', 'content-length: LENGTH'],
  ['content-length: LENGTH, LENGTH'],
  ['content-length: +LENGTH'],
  ['content-length: -1'],
  ['content-length: 0xff'],
  ['content-length: 1e2'],
  ['content-length: LENGTH.0'],
  ['content-length: 99999999999999999999'],
  ['content-length: LENGTH;'],
  ['content-length:'],
  ['content-length : LENGTH'],
  ['content-length\t: LENGTH'],
  [' content-length: LENGTH'],
  ['content-length: LENGTH\x0b'],
  ['content-length: LENGTH\x00'],
  ['x: y\n content-length: LENGTH'],
  ['transfer-encoding: xchunked'],
  ['transfer-encoding: chunked, identity'],
  ['transfer-encoding: identity'],
  ['transfer-encoding: gzip'],
  ['transfer-encoding: chunked;q=1'],
  ['transfer-encoding:\x0bchunked'],
  ['transfer-encoding: "chunked"'],
  ['transfer-encoding : chunked'],
  ['transfer-encoding: chunked', 'transfer-encoding: identity'],
  ['transfer-encoding: chunke\x00d'],
  ['transfer-encoding', ': chunked'],
  ['transfer\x00-encoding: chunked'],
  ['x: 1\r\n folded: 2', 'content-length: LENGTH'],
  ['x: 1', ' folded', 'content-length: LENGTH'],
  ['content-length:', ' LENGTH'],
  ['x: 1\ncontent-length: LENGTH'],
  ['x: 1\rcontent-length: LENGTH'],
  ['x: 1\r\rcontent-length: LENGTH'],
]

/** Bodies in chunks that are wrong. `BODY` stands for the right one in chunks, without its end. */
const CHUNKS = [
  'zz\r\nBROKEN',
  '-5\r\nhello\r\n0\r\n\r\n',
  '0x5\r\nhello\r\n0\r\n\r\n',
  '5 \r\nhello\r\n0\r\n\r\n',
  ' 5\r\nhello\r\n0\r\n\r\n',
  '5\nhello\n0\n\n',
  '5\r\nhelloo\r\n0\r\n\r\n',
  '6\r\nhello\r\n0\r\n\r\n',
  'fffffffffffffffff\r\nhello\r\n0\r\n\r\n',
  '\r\nhello\r\n0\r\n\r\n',
  ';\r\nhello\r\n0\r\n\r\n',
  '5\rhello\r\n0\r\n\r\n',
  '5;a\x00b\r\nhello\r\n0\r\n\r\n',
  '5;a=b\nhello\r\n0\r\n\r\n',
  `5;${'x'.repeat(20_000)}\r\nhello\r\n0\r\n\r\n`,
  '5\r\nhello\r\n0\r\nno colon\r\n\r\n',
  '5\r\nhello\r\n0\r\n bad: 1\r\n\r\n',
  '5\r\nhello\r\n0\r\ncontent-length: 50\r\n\r\n',
  '5\r\nhello\r\n0\r\ntransfer-encoding: chunked\r\n\r\n',
]

export const framing: Table = (door, writes) => {
  if (!writes) return []
  const attacks: Attack[] = []
  const hidden = () => {
    const { method, path, body } = writes.never()
    const sized = `content-length: ${Buffer.byteLength(body)}`
    return bytesOf(`${method} ${path} HTTP/1.1`, [HOST, ...door.opens, sized], body).toString('latin1')
  }
  for (const lines of DOUBTFUL) {
    const { method, path, body } = writes.never()
    const named = lines.map(line => line.replaceAll('LENGTH', String(Buffer.byteLength(body))))
    // Whoever reads chunks sees an end at once, and behind it another request.
    for (const sent of [body, `${chunked(body, 7)}`, `0\r\n\r\n${hidden()}`]) {
      attacks.push({
        name: `length in doubt: ${JSON.stringify(lines)}`,
        packets: [bytesOf(`${method} ${path} HTTP/1.1`, [HOST, ...door.opens, ...named], sent)],
        ends: 'refused',
      })
    }
  }
  for (const sent of CHUNKS) {
    const { method, path } = writes.never()
    const head = bytesOf(`${method} ${path} HTTP/1.1`, [HOST, ...door.opens, CHUNKED])
    const name = `chunks that are none: ${JSON.stringify(sent.slice(0, 40))}`
    attacks.push({ name, packets: [Buffer.concat([head, Buffer.from(sent)])], ends: 'refused' })
    attacks.push({ name: `${name}, apart`, packets: [head, Buffer.from(sent)], ends: 'refused' })
  }
  return [...attacks, ...readable(door, writes)]
}

/** Framing that is unusual, and right: a body is what it says, and trailers are no headers. */
const readable: Table = (door, writes) => {
  const ways: [string, (body: string) => string][] = [
    ['chunks of one byte', body => chunked(body, 1)],
    ['one chunk', body => chunked(body, 1_000_000)],
    ['chunk extensions', body => chunked(body, 9).replace(/^([0-9a-f]+)\r\n/gm, '$1;name="va;lue";other\r\n')],
    [
      'sizes with zeros before, in capitals',
      body => chunked(body, 11).replace(/^([0-9a-f]+)\r\n/gm, (_, size) => `000${size.toUpperCase()}\r\n`),
    ],
    ['trailers that may rule nothing', body => chunked(body, 9).replace(/\r\n$/, `${TRAILERS.join('\r\n')}\r\n\r\n`)],
  ]
  return ways.flatMap(([name, send]) => {
    if (!writes) return []
    const { method, path, body } = writes.once()
    const head = bytesOf(`${method} ${path} HTTP/1.1`, [HOST, ...door.opens, CHUNKED])
    return [{ name, packets: [Buffer.concat([head, Buffer.from(send(body))])], ends: 'served' as const }]
  })
}

const TRAILERS = ['host: elsewhere.test', 'authorization: Bearer wrong', 'x-api-key: sk_sb_wrong', 'as-api-key: wrong']

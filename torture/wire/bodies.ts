// Bodies: where none belongs, too large, announced and not sent, packed, and with expectations.

import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import type { Attack, Table } from './attacks.ts'
import type { Door } from './doors.ts'
import { bytesOf, chunked } from './request.ts'

const HOST = 'host: wire.test'
const MIB = 1024 * 1024
/** What becomes 32 MiB where somebody unpacks it. */
const BOMB = gzipSync(Buffer.alloc(32 * MIB), { level: 1 })
const CHUNKED = 'transfer-encoding: chunked'

export const bodies: Table = (door, writes) => {
  if (!writes) return withoutWrites(door)
  const attacks: Attack[] = []
  const send = (name: string, ends: Attack['ends'], lines: readonly string[], body: string | Buffer) => {
    const { method, path } = writes.never()
    attacks.push({
      name,
      packets: [bytesOf(`${method} ${path} HTTP/1.1`, [HOST, ...door.opens, ...lines], body)],
      ends,
    })
  }
  const large = Buffer.alloc(MIB + 1, ' ')
  send('more than 1 MiB', 'refused', [`content-length: ${large.length}`], large)
  send('more than 1 MiB in chunks', 'refused', [CHUNKED], chunked(large.toString(), 65_536))
  send('8 MiB', 'refused', [`content-length: ${8 * MIB}`], Buffer.alloc(8 * MIB, '['))
  for (const [encoding, pack] of Object.entries({ gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync })) {
    const packed = pack(writes.never().body)
    const lines = [`content-encoding: ${encoding}`, `content-length: ${packed.length}`]
    send(`packed with ${encoding}`, 'refused', lines, packed)
  }
  for (const encoding of ['gzip', 'gzip, gzip', 'br']) {
    const lines = [`content-encoding: ${encoding}`, 'content-type: application/json', `content-length: ${BOMB.length}`]
    send(`a bomb, ${encoding}`, 'refused', lines, BOMB)
  }
  send('a byte order of UTF-16', 'refused', ['content-length: 8'], Buffer.from('\ufeff{ } ', 'utf16le').subarray(0, 8))
  return [...attacks, ...expectations(door, writes), ...withoutWrites(door)]
}

/** `Expect`: the one that there is, and others, which are let be (RFC 9110 section 10.1.1 allows both). */
const expectations: Table = (door, writes) => {
  if (!writes) return []
  return ['100-continue', '100-Continue', '100-continue, 100-continue', 'x=y', '417'].flatMap(expected => {
    const { method, path, body } = writes.once()
    const lines = [HOST, ...door.opens, 'content-type: application/json', `content-length: ${body.length}`]
    const head = bytesOf(`${method} ${path} HTTP/1.1`, [...lines, `expect: ${expected}`])
    const name = `expects ${expected}`
    const known = expected.toLowerCase() === '100-continue'
    return [{ name, packets: [head, Buffer.from(body)], ends: known ? ('served' as const) : ('either' as const) }]
  })
}

/** A body on a method that has none is read away, and is no request. */
function withoutWrites(door: Door): Attack[] {
  const { path } = door.read(4)
  const hidden = bytesOf('GET /wire-was-smuggled HTTP/1.1', [HOST])
  const opened = [HOST, ...door.opens]
  const sized = [...opened, `content-length: ${hidden.length}`]
  const inChunks = Buffer.from(chunked(hidden.toString(), 10))
  return [
    { name: 'GET with a body', packets: [bytesOf(`GET ${path} HTTP/1.1`, sized, hidden)], ends: 'either' },
    {
      name: 'GET with chunks',
      packets: [bytesOf(`GET ${path} HTTP/1.1`, [...opened, CHUNKED], inChunks)],
      ends: 'either',
    },
    {
      name: 'HEAD with a body',
      packets: [bytesOf(`HEAD ${path} HTTP/1.1`, sized, hidden)],
      ends: 'refused',
      head: true,
      envelopes: [],
    },
    {
      name: 'DELETE with a body',
      packets: [bytesOf('DELETE /members/nobody HTTP/1.1', sized, hidden)],
      ends: 'refused',
      envelopes: ['memberstack'],
    },
    {
      name: 'OPTIONS with a body',
      packets: [bytesOf('OPTIONS /auth/login HTTP/1.1', sized, hidden)],
      ends: 'either',
      envelopes: ['memberstack'],
    },
    {
      name: 'GET with 2 MiB',
      packets: [bytesOf(`GET ${path} HTTP/1.1`, [...opened, `content-length: ${2 * MIB}`], Buffer.alloc(2 * MIB))],
      ends: 'either',
    },
    {
      name: 'a body that is never sent',
      packets: [bytesOf(`POST ${path} HTTP/1.1`, [...opened, 'content-length: 9'])],
      ends: 'waits',
    },
  ]
}

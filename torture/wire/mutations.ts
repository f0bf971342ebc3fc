// Valid requests, and what chance makes of them.

import type { Random } from '../random.ts'
import { type Door, doors, type Marks, readBytes, writeBytes } from './doors.ts'
import { bytesOf, chunked } from './request.ts'

/** What parsers stumble over. */
const TOKENS = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  '\t',
  ':',
  '\r\n\r\n',
  '0\r\n\r\n',
  'HTTP/1.1',
  'HTTP/1.0',
  'content-length: 0\r\n',
  'content-length: 5\r\n',
  'content-length: 99999\r\n',
  'transfer-encoding: chunked\r\n',
  'Transfer-Encoding: identity\r\n',
  'connection: close\r\n',
  'connection: keep-alive\r\n',
  'expect: 100-continue\r\n',
  'upgrade: h2c\r\n',
  'host: a\r\n',
  'x: y\r\n z\r\n',
  'GET /ready HTTP/1.1\r\n',
  'POST ',
  'DELETE ',
  'OPTIONS ',
  '%00',
  '%2e%2e%2f',
  '//',
  '?',
  '#',
  '\xff\xfe',
  '{"__proto__":{}}',
  '[[[[[[[[',
  'x'.repeat(3000),
]

/** A valid request of any door's, whole. */
export function valid(random: Random, marks: Marks): Buffer {
  const door = random.pick<Door>(doors)
  if (!door.write || random.chance(0.4)) return readBytes(door, random.below(40))
  const written = door.write(marks.next())
  if (random.chance(0.5)) return writeBytes(door, written)
  const lines = ['host: wire.test', ...door.opens, 'transfer-encoding: chunked']
  return bytesOf(`${written.method} ${written.path} HTTP/1.1`, lines, chunked(written.body, random.between(1, 30)))
}

/** With one to four things changed anywhere. */
export function mutated(random: Random, bytes: Buffer, other: Buffer): Buffer {
  let changed = bytes
  for (let times = random.between(1, 4); times > 0; times--) changed = random.pick(CHANGES)(random, changed, other)
  return changed
}

type Change = (random: Random, bytes: Buffer, other: Buffer) => Buffer

const CHANGES: readonly Change[] = [
  function flipBit(random, bytes) {
    const flipped = Buffer.from(bytes)
    const at = random.below(flipped.length)
    flipped[at] = (flipped[at] ?? 0) ^ (1 << random.below(8))
    return flipped
  },
  function setByte(random, bytes) {
    const set = Buffer.from(bytes)
    set[random.below(set.length)] = random.below(256)
    return set
  },
  function remove(random, bytes) {
    const at = random.below(bytes.length)
    return spliced(bytes, at, random.between(1, 8), Buffer.alloc(0))
  },
  function repeat(random, bytes) {
    const at = random.below(bytes.length)
    return spliced(bytes, at, 0, bytes.subarray(at, at + random.between(1, 60)))
  },
  function insertToken(random, bytes) {
    return spliced(bytes, random.below(bytes.length), 0, Buffer.from(random.pick(TOKENS), 'latin1'))
  },
  function insertLine(random, bytes) {
    const end = bytes.indexOf('\r\n')
    return spliced(bytes, end < 0 ? 0 : end + 2, 0, Buffer.from(random.pick(TOKENS), 'latin1'))
  },
  function insertNoise(random, bytes) {
    return spliced(bytes, random.below(bytes.length), 0, random.bytes(random.between(1, 16)))
  },
  function changeDigit(random, bytes) {
    const digits = [...bytes.entries()].filter(([, byte]) => byte >= 0x30 && byte <= 0x39)
    const [at = 0] = digits.length > 0 ? random.pick(digits) : []
    return spliced(bytes, at, 1, Buffer.from(String(random.below(12))))
  },
  function cutOff(random, bytes) {
    return bytes.subarray(0, random.between(1, bytes.length))
  },
  function cross(random, bytes, other) {
    return Buffer.concat([bytes.subarray(0, random.below(bytes.length)), other.subarray(random.below(other.length))])
  },
]

/** Never empty: the next change needs something to change. */
function spliced(bytes: Buffer, at: number, removed: number, inserted: Buffer): Buffer {
  const made = Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + removed)])
  return made.length > 0 ? made : Buffer.from('\0')
}

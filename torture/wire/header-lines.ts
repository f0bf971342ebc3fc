// Header lines: broken, too large, too many, twice, and those that some servers let rule over the request itself.

import type { Attack, Table } from './attacks.ts'
import { ANY } from './envelopes.ts'
import { bytesOf } from './request.ts'

const HOST = 'host: wire.test'

/** Lines that no reader may take for a header. */
const BROKEN = [
  'no colon',
  ': no name',
  'x\x00y: 1',
  'x: 1\x002',
  'x: 1\x07',
  'x y: 1',
  'x : 1',
  'x(y): 1',
  'x: 1\n\ty: 2',
  'x: 1\r\n y: 2',
  'x: 1\ry: 2',
  '\xff: 1',
]

/** What a proxy before the server may say, if it is configured: it is not. */
const RULING = [
  'x-forwarded-for: 203.0.113.9',
  'x-forwarded-host: elsewhere.test',
  'x-forwarded-proto: https',
  'forwarded: for=203.0.113.9;host=elsewhere.test;proto=https',
  'x-real-ip: 203.0.113.9',
  'x-original-url: /understudy/v1/events',
  'x-rewrite-url: /understudy/v1/events',
  'x-http-method-override: DELETE',
  'x-http-method: DELETE',
  'x-method-override: DELETE',
  'connection: authorization, x-api-key, as-api-key, host',
  'te: trailers, chunked',
  'max-forwards: 0',
  'range: bytes=0-1',
  'if-none-match: *',
  'if-modified-since: Sat, 01 Jan 2050 00:00:00 GMT',
  'accept-encoding: gzip, br',
  'content-type: \xe9\xff',
  'x-long-ago: \x80\xff',
]

export const headerLines: Table = (door, writes) => {
  const { path } = door.read(2)
  const get = (name: string, lines: readonly string[], ends: Attack['ends']): Attack => ({
    name,
    packets: [bytesOf(`GET ${path} HTTP/1.1`, lines)],
    ends,
  })
  const opened = [HOST, ...door.opens]
  const many = (count: number, name: string) => Array.from({ length: count }, (_, n) => `${name}${n}: ${n}`)
  return [
    ...BROKEN.map(line => get(`header ${JSON.stringify(line)}`, [...opened, line], 'refused')),
    ...RULING.map(line => get(`header ${line}`, [...opened, line], 'served')),
    get('no host', door.opens, 'refused'),
    get('a header of 17 KiB', [...opened, `x: ${'x'.repeat(17 * 1024)}`], door.opens.length > 0 ? 'refused' : 'either'),
    get(
      'a header of 900 KiB',
      [...opened, `x: ${'x'.repeat(900 * 1024)}`],
      door.opens.length > 0 ? 'refused' : 'either',
    ),
    // Read in packets of which the last does not name the path.
    { ...get('a header of 2 MiB', [...opened, `x: ${'x'.repeat(2 ** 21)}`], 'refused'), envelopes: ANY },
    { ...get('a name of 2 MiB', [...opened, `${'x'.repeat(2 ** 21)}: x`], 'refused'), envelopes: ANY },
    get('5,000 headers', [...many(5000, 'x-'), ...opened], 'refused'),
    get('1,990 short headers', [...many(1990, ''), ...opened], 'either'),
    {
      ...get('60,000 headers of one name', [...Array.from({ length: 60_000 }, () => 'x: y'), ...opened], 'refused'),
      envelopes: ANY,
    },
    get('an expectation that nobody has', [...opened, 'expect: 200-ok'], 'either'),
    get('an expectation that is empty', [...opened, 'expect:'], 'either'),
    ...repeated(door, writes),
  ]
}

/** Twice, of which one is wrong: refused, or the first one counts. What never counts is a second one after a wrong one. */
const repeated: Table = door => {
  const { path } = door.read(3)
  const get = (name: string, lines: readonly string[], ends: Attack['ends']): Attack => ({
    name,
    packets: [bytesOf(`GET ${path} HTTP/1.1`, lines)],
    ends,
  })
  const wrong = door.opens.map(line => `${line.split(': ', 1)[0]}: wrong`)
  const keyed = door.opens.length > 0
  return [
    get('host twice', [HOST, 'host: elsewhere.test', ...door.opens], 'either'),
    get('a host that is none', ['host: a b\\c@/?#', ...door.opens], 'either'),
    get('an empty host', ['host:', ...door.opens], 'either'),
    get('a wrong key, then the right one', [HOST, ...wrong, ...door.opens], keyed ? 'refused' : 'either'),
    get('the right key, then a wrong one', [HOST, ...door.opens, ...wrong], 'either'),
    get('the right key twice', [HOST, ...door.opens, ...door.opens], 'either'),
    get('content types', [HOST, ...door.opens, 'content-type: text/plain', 'content-type: application/json'], 'either'),
  ]
}

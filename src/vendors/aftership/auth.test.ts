import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseHttpDate } from './auth.ts'

test('reads RFC 1123 in UTC, and a one-digit day too', () => {
  const cases: [string, string][] = [
    ['Wed, 01 Jan 2025 00:00:00 GMT', '2025-01-01T00:00:00Z'],
    ['Wed, 1 Jan 2025 00:00:00 GMT', '2025-01-01T00:00:00Z'],
    ['Thu, 29 Feb 2024 23:59:59 GMT', '2024-02-29T23:59:59Z'],
    ['Tue, 31 Dec 2024 12:34:56 GMT', '2024-12-31T12:34:56Z'],
    ['Wed, 01 Jan 2025 00:00:00 UTC', '2025-01-01T00:00:00Z'],
  ]
  for (const [text, expected] of cases) assert.equal(parseHttpDate(text), Date.parse(expected), text)
})

test('refuses everything else', () => {
  const cases = [
    '',
    'Wed, 01 Jan 2025 00:00:00',
    'Wed, 01 Jan 2025 00:00:00 gmt',
    'Wed, 01 Jan 2025 00:00:00 +0000',
    'Wed, 01 Jan 2025 00:00:00 EST',
    'Wed, 01 Jan 2025 01:00:00 CET',
    ' Wed, 01 Jan 2025 00:00:00 GMT',
    'Wed, 01 Jan 2025 00:00:00 GMT ',
    'Wed, 01 Jan 2025 00:00:00 GMT, Wed, 01 Jan 2025 00:00:00 GMT',
    '01 Jan 2025 00:00:00 GMT',
    'Wednesday, 01-Jan-25 00:00:00 GMT',
    'Wed Jan  1 00:00:00 2025',
    '2025-01-01T00:00:00Z',
    '1735689600',
    'Wed, 01 Foo 2025 00:00:00 GMT',
    'Wed, 01 jan 2025 00:00:00 GMT',
    'Wed, 00 Jan 2025 00:00:00 GMT',
    'Wed, 32 Jan 2025 00:00:00 GMT',
    'Sat, 29 Feb 2025 00:00:00 GMT',
    'Wed, 01 Jan 2025 24:00:00 GMT',
    'Wed, 01 Jan 2025 23:60:00 GMT',
    'Wed, 01 Jan 2025 23:59:60 GMT',
    'Wed, 01 Jan 20250 00:00:00 GMT',
    'Wed, 01 Jan 2025 0:00:00 GMT',
    'Wed, ٠١ Jan 2025 00:00:00 GMT',
  ]
  for (const text of cases) assert.equal(parseHttpDate(text), undefined, text)
})

test('reads back whatever the runtime writes', () => {
  const start = Date.parse('1970-01-01T00:00:00Z')
  const end = Date.parse('9999-12-31T23:59:59Z')
  fc.assert(
    fc.property(fc.integer({ min: start / 1000, max: end / 1000 }), seconds => {
      assert.equal(parseHttpDate(new Date(seconds * 1000).toUTCString()), seconds * 1000)
    }),
  )
})

// Contract section 7, row by row, and the published vectors of section 12.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { canonicalHeaders, canonicalResources, type RawRequest, signStrings } from './sign-string.ts'

const DATE = 'Wed, 01 Jan 2025 00:00:00 GMT'
const KEY = '6e759c509d174859be1fb856c4ab646e'
const M = '/admin/2022-01/memberships'

/** A signed GET of the list, but for what is given. */
function requestOf(changes: Partial<RawRequest> = {}): RawRequest {
  const rawHeaders = ['as-api-key', KEY]
  return { method: 'GET', target: M, rawHeaders, contentType: undefined, date: DATE, body: Buffer.alloc(0), ...changes }
}

/** The bytes of `text` as the runtime hands them over: one character each. */
function asReceived(text: string): string {
  return Buffer.from(text).toString('latin1')
}

function resourcesOf(target: string): string[] {
  return [...canonicalResources(target)].sort()
}

describe('the six parts', () => {
  test('the SignString of V3, as published', () => {
    const body = Buffer.from('{"account":{"email":"example@mydomain.com"},"role":{"code":"admin"}}')
    const [first] = signStrings(requestOf({ method: 'POST', body, contentType: 'application/json' }))
    assert.equal(first, `POST\nE07689A20A9847F30DF8CABB025D7E78\napplication/json\n${DATE}\nas-api-key:${KEY}\n${M}`)
  })

  test('without query and body there are two: the path, and the path with a bare question mark', () => {
    assert.deepEqual(signStrings(requestOf()), [
      `GET\n\n\n${DATE}\nas-api-key:${KEY}\n${M}`,
      `GET\n\n\n${DATE}\nas-api-key:${KEY}\n${M}?`,
    ])
  })

  const cases: [string, Partial<RawRequest>, string[]][] = [
    ['the method is upper case', { method: 'delete' }, ['DELETE||']],
    ['no body: no MD5 and no content type, whatever the header says', { contentType: 'application/json' }, ['GET||']],
    [
      'a body: its MD5, and the content type verbatim or the literal',
      { method: 'POST', body: Buffer.from('{"key1":"value1"}'), contentType: 'application/json; charset=utf-8' },
      [
        'POST|1530ACCF30CAB891D759FA3CB8322250|application/json; charset=utf-8',
        'POST|1530ACCF30CAB891D759FA3CB8322250|application/json',
      ],
    ],
    [
      'a content type that is the literal counts once',
      { method: 'PATCH', body: Buffer.from('{"role":{"code":"admin"}}'), contentType: 'application/json' },
      ['PATCH|D0E243D2F1A2C45D13F5E1CEDD05CFA4|application/json'],
    ],
    [
      'a body without a content type: empty, or the literal',
      { method: 'POST', body: Buffer.from('{"key1":"value1"}') },
      ['POST|1530ACCF30CAB891D759FA3CB8322250|', 'POST|1530ACCF30CAB891D759FA3CB8322250|application/json'],
    ],
    [
      'the MD5 is of the bytes, not of text',
      { method: 'POST', body: Buffer.from([0xff, 0x00, 0x0a]), contentType: 'application/json' },
      ['POST|99691CA21317835731E3902AEAE5EDF0|application/json'],
    ],
    [
      'DELETE with a body: without it too',
      { method: 'DELETE', body: Buffer.from('{}'), contentType: 'text/plain' },
      [
        'DELETE|99914B932BD37A50B983C5E7C90AE93B|text/plain',
        'DELETE|99914B932BD37A50B983C5E7C90AE93B|application/json',
        'DELETE||',
      ],
    ],
    [
      'GET with a body: only with it',
      { method: 'GET', body: Buffer.from('{}'), contentType: 'application/json' },
      ['GET|99914B932BD37A50B983C5E7C90AE93B|application/json'],
    ],
  ]
  for (const [name, changes, expected] of cases) {
    test(name, () => {
      const heads = signStrings(requestOf(changes)).map(text => text.split('\n').slice(0, 3).join('|'))
      assert.deepEqual(new Set(heads), new Set(expected))
      assert.equal(heads.length, expected.length * 2, 'each with both forms of the path, none twice')
    })
  }

  test('the date is the text as received, readable or not', () => {
    for (const date of ['Wed,  1 Jan 2025 00:00:00 UTC', 'yesterday', '']) {
      for (const text of signStrings(requestOf({ date }))) assert.equal(text.split('\n')[3], date)
    }
  })

  test('text beyond ASCII is signed as the UTF-8 that it is', () => {
    const [text = ''] = signStrings(
      requestOf({
        target: asReceived(`${M}/é`),
        rawHeaders: ['as-store', asReceived('Łódź')],
        date: asReceived('süß'),
        contentType: asReceived('té/xt'),
        method: 'POST',
        body: Buffer.from('{}'),
      }),
    )
    assert.deepEqual(text.split('\n').slice(2), ['té/xt', 'süß', 'as-store:Łódź', `${M}/é`])
  })
})

describe('canonical headers', () => {
  const cases: [string, string[], string][] = [
    [
      'the published example',
      ['AS-header2', 'ThisIsHeader2', 'AS-Header1', 'this-is-header-1'],
      'as-header1:this-is-header-1\nas-header2:ThisIsHeader2',
    ],
    ['none', ['host', 'localhost', 'date', DATE], ''],
    ['values are trimmed, names are not touched inside', ['as-a', ' \t v w \t'], 'as-a:v w'],
    ['an empty value', ['as-a', ''], 'as-a:'],
    [
      'the signatures are added after signing',
      ['as-signature-hmac-sha256', 'x', 'AS-Signature-RSA-SHA256', 'y', 'as-api-key', KEY],
      `as-api-key:${KEY}`,
    ],
    ['a name that starts otherwise', ['aftership-client', 'x', 'as', 'y', 'x-as-store', 'z', 'asx', '1'], ''],
    ['a name that only begins like a signature', ['as-signatures', 'x'], 'as-signatures:x'],
    [
      'ASCII order: digits, then letters, `-` before both',
      ['as-b', '1', 'as-a0', '2', 'as-a-', '3', 'as-aa', '4'],
      'as-a-:3\nas-a0:2\nas-aa:4\nas-b:1',
    ],
    ['a repeated header is one, joined as HTTP joins it', ['as-b', '2', 'AS-B', '1', 'as-a', '0'], 'as-a:0\nas-b:2, 1'],
  ]
  for (const [name, rawHeaders, expected] of cases) {
    test(name, () => assert.equal(canonicalHeaders(rawHeaders), expected))
  }

  test('values that are no UTF-8 are signed as what they are: two never look alike', () => {
    assert.notEqual(canonicalHeaders(['as-a', '\xff']), canonicalHeaders(['as-a', '\xfe']))
    assert.notEqual(canonicalHeaders(['as-a', '\xff']), canonicalHeaders(['as-a', asReceived('\ufffd')]))
  })

  test('do not depend on the order or the case of names', () => {
    const name = fc.string({ unit: fc.constantFrom(...'abcXYZ019-_'), minLength: 1, maxLength: 8 })
    const pairs = fc.uniqueArray(fc.tuple(name, fc.string({ unit: 'grapheme-ascii', maxLength: 8 })), {
      selector: ([key]) => key.toLowerCase(),
    })
    fc.assert(
      fc.property(pairs, fc.func(fc.nat()), (headers, order) => {
        const shuffled = headers.toSorted((a, b) => order(a) - order(b))
        assert.equal(
          canonicalHeaders(headers.flatMap(([key, value]) => [`as-${key}`, value])),
          canonicalHeaders(shuffled.flatMap(([key, value]) => [`AS-${key.toUpperCase()}`, ` ${value} `])),
        )
      }),
    )
  })
})

describe('canonical resources', () => {
  const cases: [string, string, string[]][] = [
    ['no query', '/p', ['/p', '/p?']],
    ['a bare question mark', '/p?', ['/p', '/p?']],
    ['one plain pair: all candidates are one', '/p?a=1', ['/p?a=1']],
    [
      'the published example',
      '/tracking?3key=111&2key=222&key=333&1key=000',
      ['/tracking?3key=111&2key=222&key=333&1key=000', '/tracking?1key=000&2key=222&3key=111&key=333'],
    ],
    [
      'A sorts raw pairs as whole strings, C and D decoded names',
      '/p?a%20=1&a=2',
      [
        '/p?a%20=1&a=2', // A, B: `%` before `=`
        '/p?a=2&a%20=1', // C
        '/p?a=2&a+=1', // D
        '/p?a=2&a =1', // E
      ],
    ],
    ['A is bytewise: upper case first', '/p?b=1&B=2', ['/p?b=1&B=2', '/p?B=2&b=1']],
    [
      'B is the query as it came, empty pairs and all',
      '/p?b=1&&a=2&',
      [
        '/p?b=1&&a=2&', // B
        '/p?&&a=2&b=1', // A
        '/p?a=2&b=1', // C, D, E
      ],
    ],
    [
      'C escapes as encodeURIComponent, D as URLSearchParams',
      "/p?q=%20!~*'()-_.",
      [
        "/p?q=%20!~*'()-_.", // A, B, C
        '/p?q=+%21%7E*%27%28%29-_.', // D
        "/p?q= !~*'()-_.", // E
      ],
    ],
    [
      'a plus is a space, and an escaped one a plus',
      '/p?q=a+b%2Bc',
      [
        '/p?q=a+b%2Bc', // A, B, D
        '/p?q=a%20b%2Bc', // C
      ],
    ],
    [
      'C sorts by name, then value; D keeps the order of equal names',
      '/p?n=2&m=0&n=1',
      [
        '/p?n=2&m=0&n=1', // B
        '/p?m=0&n=1&n=2', // A, C
        '/p?m=0&n=2&n=1', // D
      ],
    ],
    [
      'beyond ASCII',
      '/p?n=%C3%A9%F0%9F%98%80',
      [
        '/p?n=%C3%A9%F0%9F%98%80', // A to D
        '/p?n=é😀', // E
      ],
    ],
    ['lower-case escapes are written anew', '/p?n=%c3%a9%2f', ['/p?n=%c3%a9%2f', '/p?n=%C3%A9%2F', '/p?n=é/']],
    ['a name without `=` has an empty value', '/p?flag', ['/p?flag', '/p?flag=']],
    ['a value may hold `=`', '/p?a=b=c', ['/p?a=b=c', '/p?a=b%3Dc']],
    ['the query starts at the first question mark', '/p?a=?b', ['/p?a=?b', '/p?a=%3Fb']],
    ['E: not with a repeated name', '/p?a=x%20y&a=z', ['/p?a=x%20y&a=z', '/p?a=x+y&a=z']],
    [
      'E: not when names are the same once decoded',
      '/p?a=%7C&%61=z',
      [
        '/p?a=%7C&%61=z', // B
        '/p?%61=z&a=%7C', // A
        '/p?a=z&a=%7C', // C: sorted by value too
        '/p?a=%7C&a=z', // D
      ],
    ],
    ['undecodable: A and B only', '/p?b=%zz&a=%20', ['/p?b=%zz&a=%20', '/p?a=%20&b=%zz']],
    ['a broken escape at the end', '/p?b=1&a=%2', ['/p?b=1&a=%2', '/p?a=%2&b=1']],
    ['escapes that are no UTF-8', '/p?b=1&a=%FF', ['/p?b=1&a=%FF', '/p?a=%FF&b=1']],
    ['an escape in the path stays as it is', '/p%2F%zz?a=%40', ['/p%2F%zz?a=%40', '/p%2F%zz?a=@']],
  ]
  for (const [name, target, expected] of cases) {
    test(name, () => assert.deepEqual(resourcesOf(target), expected.toSorted()))
  }

  for (const character of ['&', '=', '?', '#', '%', '+', '\u0000', '\n', '\r', '\u001f', '\u007f']) {
    test(`E: not with ${JSON.stringify(character)} in a name or a value`, () => {
      const escaped = encodeURIComponent(character)
      for (const target of [`/p?a=${escaped}`, `/p?a${escaped}=1`]) {
        assert.ok(!canonicalResources(target).has(decodeURIComponent(target)), target)
      }
    })
  }

  /** Raw queries as hostile as a request line can carry. */
  const rawQuery = fc
    .array(fc.constantFrom(...'ab=&+%26?#;!', '%3D', '%26', '%2B', '%20', '%25', '%0A', '%C3%A9', 'é', 'a=1', '&b='), {
      minLength: 1,
      maxLength: 8,
    })
    .map(parts => parts.join(''))

  /** What a query says: its pairs in any order; where it cannot be decoded, the raw ones. */
  function meaningOf(query: string): string {
    const raw = query.split('&')
    try {
      const pairs = raw.filter(Boolean).map(pair => {
        const [name = '', ...value] = pair.split('=')
        return [name, value.join('=')].map(text => decodeURIComponent(text.replaceAll('+', ' ')))
      })
      return JSON.stringify(pairs.map(pair => JSON.stringify(pair)).sort())
    } catch {
      return `undecodable ${JSON.stringify(raw.sort())}`
    }
  }

  test('two queries that say different things share no candidate', () => {
    fc.assert(
      fc.property(rawQuery, rawQuery, (one, other) => {
        fc.pre(meaningOf(one) !== meaningOf(other))
        assert.ok(canonicalResources(`/p?${one}`).isDisjointFrom(canonicalResources(`/p?${other}`)))
      }),
      { numRuns: 3000 },
    )
  })

  test('a query and what it may be confused with share none either', () => {
    // Each candidate of one query, sent as a query itself, must mean the same or be refused.
    fc.assert(
      fc.property(rawQuery, query => {
        for (const candidate of canonicalResources(`/p?${query}`)) {
          const other = candidate.slice('/p?'.length)
          if (other === '' || /[^!-~]/.test(other) || meaningOf(other) === meaningOf(query)) continue
          assert.ok(!canonicalResources(`/p?${other}`).has(candidate), `${query} as ${other}`)
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('nothing is ever thrown, nothing counts twice, and the path is always first', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        const target = asReceived(`/p?${text}`)
        const strings = signStrings(requestOf({ target }))
        assert.equal(new Set(strings).size, strings.length)
        for (const string of strings) assert.ok(string.split('\n')[5]?.startsWith('/p'))
      }),
    )
  })
})

test('strings are joined by LF, with no CR and none after the last', () => {
  for (const text of signStrings(requestOf({ target: `${M}?a=1%0D%0A` }))) {
    assert.ok(!text.includes('\r'))
    assert.equal(text.split('\n').length, 6)
    assert.ok(!text.endsWith('\n'))
  }
})

// What can be done to a path and a query.

import type { Random } from '../random.ts'
import type { Draft } from './draft.ts'
import { hostileKey, hostileText } from './values.ts'

type Change = (draft: Draft, random: Random) => string

/** Escapes that are broken, forbidden, or mean another thing at each decoding. */
const ESCAPES = [
  '%00',
  '%2f',
  '%2F..%2f',
  '%5c',
  '%zz',
  '%',
  '%2',
  '%e4',
  '%c0%af',
  '%ed%a0%80',
  '%f4%90%80%80',
  '%ff',
  '%25',
  '%2500',
  '%252e%252e%252f',
  '%0d%0ax-h0stile:1',
  '%20',
  '+',
  '%3f',
  '%23',
  '%EF%BB%BF',
  '%u0041',
  ';a=b',
  '!',
  '*',
  ':id',
  '{id}',
]
const SEGMENTS = ['.', '..', '', '%2e', '%2e%2e', '...', '__proto__', 'constructor', 'nowhere', '%00', '%ff', '*']
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY', 'SEARCH']
const LONG = [128, 1000, 8000, 60_000]
const NAMES = ['page', 'limit', 'after', 'after_id', 'before_id', 'page_size', 'first', 'order', 'email', 'status']
const NUMBERS = ['-1', '0', '1e308', '9007199254740993', '99999999999999999999', '0x10', '1.5', '%20', '', 'NaN', '-0']

const mapSegment = (draft: Draft, random: Random, change: (segment: string) => string): void => {
  const segments = draft.path.split('/')
  const index = random.chance(0.6) ? segments.length - 1 : random.below(segments.length)
  draft.path = segments.with(index, change(segments[index] ?? '')).join('/')
}

/** Where a segment is cut in two. */
const into = (segment: string, random: Random, put: string) => {
  const place = random.below(segment.length + 1)
  return segment.slice(0, place) + put + segment.slice(place)
}

export const pathChanges: readonly Change[] = [
  (draft, random) => {
    const text = hostileText(random).toWellFormed()
    mapSegment(draft, random, () => encodeURIComponent(text))
    return 'a segment that is hostile'
  },
  (draft, random) => {
    const put = random.pick(ESCAPES)
    mapSegment(draft, random, segment => into(segment, random, put))
    return `${put} in a segment`
  },
  (draft, random) => {
    mapSegment(draft, random, () => random.pick(ESCAPES))
    return 'an escape for a segment'
  },
  (draft, random) => {
    const segments = draft.path.split('/')
    segments.splice(random.between(1, segments.length), 0, random.pick(SEGMENTS))
    draft.path = segments.join('/')
    return 'one more segment'
  },
  (draft, random) => {
    mapSegment(draft, random, segment => segment.replace(/[a-z]/, letter => `%${letter.charCodeAt(0).toString(16)}`))
    return 'a letter escaped'
  },
  (draft, random) => {
    mapSegment(draft, random, segment => segment.toUpperCase())
    return 'in capitals'
  },
  (draft, random) => {
    mapSegment(draft, random, () => random.pick(['a', '%41', '%ff', '.', '%2f']).repeat(random.pick(LONG) / 4))
    return 'a long segment'
  },
  draft => {
    draft.path += '/'
    return 'a slash at the end'
  },
  (draft, random) => {
    draft.path = draft.path.replaceAll('/', random.pick(['//', '/./', '/%2e/', '\\']))
    return 'other slashes'
  },
  (draft, random) => {
    mapSegment(draft, random, segment =>
      into(segment, random, random.pick(['\x80', '\xff', '\xc3\xa9', '"', '<', '|'])),
    )
    return 'a raw byte in a segment'
  },
  (draft, random) => {
    draft.method = random.pick(METHODS)
    return `method ${draft.method}`
  },
]

export const queryChanges: readonly Change[] = [
  (draft, random) => {
    if (draft.query.length === 0) draft.query.push(['limit', ''])
    const index = random.below(draft.query.length)
    const name = draft.query[index]?.[0] ?? ''
    draft.query[index] = [name, encodeURIComponent(hostileText(random).toWellFormed())]
    return `${name} is hostile`
  },
  (draft, random) => {
    const value = encodeURIComponent(hostileText(random).toWellFormed())
    draft.query.push([random.pick(NAMES), value])
    return 'a hostile query value'
  },
  (draft, random) => {
    const pair = draft.query.length > 0 ? random.pick(draft.query) : undefined
    const name = pair?.[0] ?? random.pick(NAMES)
    draft.query.push([name, random.pick(NUMBERS)])
    return `${name} is a strange number`
  },
  (draft, random) => {
    const name = draft.query.length > 0 ? random.pick(draft.query)[0] : 'limit'
    for (let times = random.pick([1, 2, 1200]); times > 0; times--)
      draft.query.push([name, random.pick(['1', '', '2'])])
    return `${name} again`
  },
  (draft, random) => {
    draft.query.push([`${random.pick(NAMES)}${random.pick(['[]', '[a]', '[__proto__]', '%5B%5D', '.a'])}`, '1'])
    return 'a query with brackets'
  },
  (draft, random) => {
    draft.query.push([random.pick(NAMES), random.pick(ESCAPES)])
    return 'an escape for a query value'
  },
  (draft, random) => {
    draft.query.push([encodeURIComponent(hostileKey(random).toWellFormed()), '1'])
    return 'a hostile query name'
  },
  (draft, random) => {
    const place = random.pick(['2026-01-01T00:00:00.000Z \0', '2026-01-01T00:00:00.000Z x', ' ', '\xff', '{}', '-1'])
    draft.query.push([random.pick(['after', 'after_id', 'before_id']), Buffer.from(place).toString('base64url')])
    return 'a hostile cursor'
  },
  (draft, random) => {
    draft.query.push([random.pick(NAMES), 'a'.repeat(random.pick(LONG))])
    return 'a long query value'
  },
  (draft, random) => {
    draft.path += random.pick(['?', '??', '?&', '?=', '?&&=&', '#a', '?#', '?%', '?\xff'])
    return 'a strange query'
  },
]

// Headers that say who asks: good ones, and hostile ones in their place.

import type { Random } from '../random.ts'
import type { Operation } from './operations.ts'
import { KEYS, NAMES } from './seed.ts'
import type { Shot } from './shot.ts'
import { hostileHeaderValue, hostileText } from './values.ts'

type Headers = Shot['headers']

const SLOW = 0.04
const OTHER = 0.1

export interface Held {
  /** Of a member of the sandbox; it may have ended since. */
  memberToken: string
  cookie: string
}

/** Good ones for an operation: those that open most, or, where chance is given, now and then others. */
export function credentialsFor({ api, template }: Operation, held: Held, random?: Random): Headers {
  const slow = random?.chance(SLOW)
  const pick = ([first, ...others]: readonly string[]) => String(random?.chance(OTHER) ? random.pick(others) : first)
  switch (api) {
    case 'aftership':
      return [['as-api-key', slow ? KEYS.aftership.slow : pick(KEYS.aftership.open)]]
    case 'easypost':
      return [['authorization', basic(slow ? KEYS.easypost.slow : pick(KEYS.easypost.open), '')]]
    case 'memberstack': {
      if (/^\/members(\/|$)/.test(template)) {
        return [['x-api-key', slow ? KEYS.memberstack.slow.secret : pick(KEYS.memberstack.secret)]]
      }
      const key: Headers = [['x-api-key', slow ? KEYS.memberstack.slow.public : pick(KEYS.memberstack.public)]]
      return [...key, ['authorization', `Bearer ${held.memberToken}`]]
    }
    case 'control':
      return [['authorization', `Bearer ${pick([KEYS.control.admin, ...KEYS.control.others])}`]]
    case 'oauth':
      if (/(token|revoke)$/.test(template)) {
        return [['authorization', basic(NAMES.clientId, NAMES.clientSecret.replaceAll(' ', '+'))]]
      }
      return held.cookie === '' ? [] : [['cookie', held.cookie]]
    case 'server':
      return []
  }
}

const NAMES_OF_CREDENTIALS = ['authorization', 'as-api-key', 'as-access-token', 'x-api-key', 'cookie']

/** The same request with other credentials: none, twice, somebody else's, or none that ever were. */
export function hostileCredentials(headers: Headers, random: Random): Headers {
  const others = headers.filter(([name]) => !NAMES_OF_CREDENTIALS.includes(name))
  const own = headers.filter(([name]) => NAMES_OF_CREDENTIALS.includes(name))
  const name = own[0]?.[0] ?? random.pick(NAMES_OF_CREDENTIALS)
  const put = (...values: string[]): Headers => [...others, ...values.map((value): [string, string] => [name, value])]
  const text = hostileHeaderValue(random)
  switch (random.below(10)) {
    case 0:
      return others
    case 1:
      return [...headers, ...own]
    case 2:
      return put('')
    case 3:
      return put(text)
    case 4:
      return put(basic(hostileText(random), hostileText(random)))
    case 5:
      return put(`${random.pick(['Bearer', 'bearer', 'Basic', 'Digest', 'Negotiate', 'Bearer Bearer'])} ${text}`)
    case 6:
      return put(`Basic ${random.bytes(random.between(0, 60)).toString('base64')}`)
    case 7:
      return put('k'.repeat(random.pick([255, 1025, 10_000])))
    case 8:
      return put(`Bearer ${hostileJwt(random)}`)
    default:
      return [...headers, [random.pick(NAMES_OF_CREDENTIALS), random.pick([...KEYS.aftership.open, text])]]
  }
}

/** Three parts, each of them wrong in its own way. */
function hostileJwt(random: Random): string {
  const header = random.pick([{ alg: 'none' }, { alg: 'HS256' }, { alg: 'RS256', kid: '\0' }, { alg: 1 }, [], 'x'])
  const claims = random.pick([{ id: 'mem_sb_x', exp: 1e308 }, { id: {}, iat: -1 }, { __proto__: null }, null, 'x'])
  const parts = [header, claims].map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
  return [...parts, random.bytes(random.pick([0, 1, 256])).toString('base64url')].join('.')
}

export function basic(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
}

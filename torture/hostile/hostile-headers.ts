// What can be done to headers: credentials among them, and what says how a body is to be read.

import type { Random } from '../random.ts'
import { hostileCredentials } from './credentials.ts'
import type { Draft } from './draft.ts'
import { hostileHeaderValue } from './values.ts'

type Change = (draft: Draft, random: Random) => string

const TYPES = [
  '',
  'application/json; charset=utf-16',
  'application/json; charset="',
  'application/json, text/plain',
  'APPLICATION/JSON ;;;',
  'text/plain',
  'text/html',
  'multipart/form-data; boundary=x',
  'multipart/form-data',
  'application/x-www-form-urlencoded; charset=x',
  'application/xml',
  '/',
  ';',
  'application/json\xff',
  `application/${'x'.repeat(4000)}`,
]
/** What some part of the server reads. */
const NAMES = [
  'accept',
  'accept-encoding',
  'content-encoding',
  'origin',
  'referer',
  'user-agent',
  'x-session-id',
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-http-method-override',
  'date',
  'as-signature-hmac-sha256',
  'as-signature-rsa-sha256',
  'aftership-api-key',
  'access-control-request-method',
  'access-control-request-headers',
  'if-none-match',
  'range',
  'x-request-id',
  'traceparent',
  '__proto__',
  'constructor',
]
/** Just below what is taken, and above. */
const LARGE = [15_000, 16_300, 16_384, 17_000, 60_000]

const notType = ([name]: [string, string]) => name !== 'content-type'

export const headerChanges: readonly Change[] = [
  (draft, random) => {
    draft.headers = hostileCredentials(draft.headers, random)
    return 'other credentials'
  },
  (draft, random) => {
    draft.headers = hostileCredentials(draft.headers, random)
    return 'other credentials'
  },
  (draft, random) => {
    draft.headers = [...draft.headers.filter(notType), ['content-type', random.pick(TYPES)]]
    return 'a strange content type'
  },
  draft => {
    draft.headers = draft.headers.filter(notType)
    return 'no content type'
  },
  (draft, random) => {
    draft.headers.push(['content-type', random.pick(TYPES)])
    return 'a second content type'
  },
  (draft, random) => {
    const name = random.pick(NAMES)
    const value = hostileHeaderValue(random)
    draft.headers.push([name, random.chance(0.8) ? value.replaceAll(/\p{Cc}/gu, '') : value])
    return `a hostile ${name}`
  },
  (draft, random) => {
    const name = random.pick(NAMES)
    for (let times = random.pick([2, 3, 100]); times > 0; times--) draft.headers.push([name, `value ${times}`])
    return `${name} again`
  },
  (draft, random) => {
    draft.headers.push([random.pick(NAMES), 'a'.repeat(random.pick(LARGE))])
    return 'a large header'
  },
]

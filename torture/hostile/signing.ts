// AfterShip's signed requests: method, target, headers, date and body are read before it is known who asks.

import { constants, sign } from 'node:crypto'
import type { Random } from '../random.ts'
import { hmacOf, signStringOf } from '../sign.ts'
import { KEYS } from './seed.ts'
import type { Shot } from './shot.ts'
import { PRIVATE_KEY } from './signing-key.ts'

type Mode = 'hmac' | 'rsa'

const DATES = [
  '',
  'now',
  '0',
  'Thu, 01 Jan 1970 00:00:00 GMT',
  'Wed, 31 Feb 2026 25:61:61 GMT',
  new Date().toISOString(),
]
const DATE_WRONG = 0.1

/** With a signing key in the place of the other one, and signed as it stands: what is changed afterwards breaks that. */
export function signed(shot: Shot, random: Random): Shot {
  const mode: Mode = random.pick(['hmac', 'hmac', 'hmac', 'rsa'])
  const headers: Shot['headers'] = shot.headers.map(([name, value]) => [
    name,
    name === 'as-api-key' ? KEYS.aftership[mode] : value,
  ])
  const date = random.chance(DATE_WRONG) ? random.pick(DATES) : new Date().toUTCString()
  const text = signStringOf({
    method: shot.method,
    target: shot.target,
    date,
    headers: Object.fromEntries(headers.filter(([name]) => name.startsWith('as-'))),
    contentType: headers.find(([name]) => name === 'content-type')?.[1] ?? '',
    body: shot.body ?? '',
  })
  return { ...shot, headers: [...headers, ['date', date], [`as-signature-${mode}-sha256`, signatureOf(mode, text)]] }
}

function signatureOf(mode: Mode, text: string): string {
  if (mode === 'hmac') return hmacOf(KEYS.aftership.secret, text)
  const key = { key: PRIVATE_KEY, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
  return sign('sha256', Buffer.from(text), key).toString('base64')
}

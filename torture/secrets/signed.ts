// Signed requests as bytes, and what each of their bytes is: every single bit is to be covered by the signature, but for
// those that the contract or HTTP itself leave out.

import { constants, createPrivateKey, sign } from 'node:crypto'
import { hmacOf, type Signable, signStringOf } from '../sign.ts'

export interface SigningKey {
  mode: 'hmac' | 'rsa'
  key: string
  /** The secret, or the private key as PEM. */
  secret: string
}

/** A part of a request, and why a change of it may pass; undefined where none may. */
interface Part {
  text: string
  /** Whether flipping this bit of the byte at this place of the part may pass. */
  free?: (place: number, bit: number) => boolean
}

export interface SignedBytes {
  bytes: Buffer
  /** Whether a change of this bit is one that may pass. */
  mayPass(place: number, bit: number): boolean
}

const always = () => true
/** HTTP: the case of a header's name does not count. */
const CASE_BIT = 5
const ZERO_BIT = 4
const isCase = (text: string) => (place: number, bit: number) => bit === CASE_BIT && /[A-Za-z]/.test(text[place] ?? '')
/** Section 7, candidate C: what decodes to the same is the same; `%2b` is `%2B`. */
const isEscapeCase = (text: string) => (place: number, bit: number) =>
  bit === CASE_BIT && /[A-Fa-f]/.test(text[place] ?? '') && /%[0-9A-Fa-f]?$/.test(text.slice(0, place))

/** The request on the wire. `content-type` is signed as the literal, so that the header may say what it likes. */
export function signedBytes({ mode, key, secret }: SigningKey, request: Omit<Signable, 'contentType'>): SignedBytes {
  const { method, target, date, headers, body } = request
  const signable = { ...request, headers: { 'as-api-key': key, ...headers }, contentType: 'application/json' }
  const text = signStringOf(signable)
  const signature = mode === 'hmac' ? hmacOf(secret, text) : pssOf(secret, text)
  const [path = '', query] = target.split('?')
  const length = Buffer.byteLength(body)
  const parts: Part[] = [
    { text: `${method} ${path}` },
    ...(query === undefined ? [] : [{ text: '?' }, { text: query, free: isEscapeCase(query) }]),
    // The version is HTTP's, and none of the contract's six parts.
    { text: ' HTTP/1.1\r\n', free: always },
    { text: 'host: 127.0.0.1\r\nuser-agent: torture\r\n', free: always },
    ...Object.entries(signable.headers).flatMap(([name, value]) => headerParts(name, value)),
    ...headerParts('date', date),
    ...headerParts(`as-signature-${mode}-sha256`, signature),
    // Section 7: the literal `application/json` is a candidate whatever the header says.
    { text: 'content-type: application/json\r\n', free: always },
    // No part of the SignString, but whoever changes it changes the body, or breaks it off.
    ...(length === 0 ? [] : [{ text: 'content-length', free: isCase('content-length') }]),
    // The space is one bit away from a zero, and `025` is 25.
    ...(length === 0 ? [] : [{ text: ': ', free: (place: number, bit: number) => place === 1 && bit === ZERO_BIT }]),
    ...(length === 0 ? [] : [{ text: `${length}\r\n` }]),
    { text: 'connection: close', free: always },
    { text: '\r\n\r\n', free: always },
    { text: body.toString() },
  ]
  return joined(parts)
}

/** The space after the colon, and the line's end, are HTTP's: a value is taken without what surrounds it. */
function headerParts(name: string, value: string): Part[] {
  return [{ text: name, free: isCase(name) }, { text: ': ' }, { text: value }, { text: '\r\n', free: always }]
}

function joined(parts: readonly Part[]): SignedBytes {
  const starts: number[] = []
  let length = 0
  for (const { text } of parts) {
    starts.push(length)
    length += Buffer.byteLength(text)
  }
  return {
    bytes: Buffer.from(parts.map(({ text }) => text).join('')),
    mayPass(place, bit) {
      const index = starts.findLastIndex(start => start <= place)
      return parts[index]?.free?.(place - (starts[index] ?? 0), bit) ?? false
    },
  }
}

function pssOf(privateKey: string, text: string): string {
  const options = { key: createPrivateKey(privateKey), padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }
  return sign('sha256', Buffer.from(text), options).toString('base64')
}

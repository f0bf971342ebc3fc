// What a signed request's signature must cover: contract section 7. Pure functions from a raw request to the set of
// strings that official clients may have signed.

import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'

export interface RawRequest {
  method: string
  /** Path and query exactly as received. */
  target: string
  /** Header names and values in turn, as received. */
  rawHeaders: readonly string[]
  contentType: string | undefined
  date: string
  body: Buffer
}

/** Every SignString that a client may have signed for this request, without repeats. */
export function signStrings(request: RawRequest): string[] {
  const method = request.method.toUpperCase()
  const headers = canonicalHeaders(request.rawHeaders)
  const strings = new Set<string>()
  for (const { md5, contentType } of bodyVariants(method, request)) {
    for (const resource of canonicalResources(utf8(request.target))) {
      strings.add([method, md5, contentType, utf8(request.date), headers, resource].join('\n'))
    }
  }
  return [...strings]
}

function bodyVariants(method: string, { body, contentType }: RawRequest): { md5: string; contentType: string }[] {
  const none = { md5: '', contentType: '' }
  if (body.length === 0) return [none]
  const md5 = createHash('md5').update(body).digest('hex').toUpperCase()
  const variants = [
    { md5, contentType: utf8(contentType ?? '') },
    // Some SDKs sign this literal whatever header they send [vendor].
    { md5, contentType: 'application/json' },
  ]
  // One SDK sends a body with DELETE that it does not sign [vendor].
  return method === 'DELETE' ? [...variants, none] : variants
}

/** `as-*` headers but the signatures: `name:value`, lower-cased, trimmed, sorted by name. */
export function canonicalHeaders(rawHeaders: readonly string[]): string {
  const values = new Map<string, string>()
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = String(rawHeaders[index]).toLowerCase()
    if (!name.startsWith('as-') || name.startsWith('as-signature-')) continue
    // What HTTP takes for blank, and no other: U+00A0 is one bit away from a space, and signed like any character.
    const value = utf8(String(rawHeaders[index + 1])).replace(/^[ \t]+|[ \t]+$/g, '')
    const earlier = values.get(name)
    values.set(name, earlier === undefined ? value : `${earlier}, ${value}`)
  }
  return [...values]
    .sort(([a], [b]) => compare(a, b))
    .map(([name, value]) => `${name}:${value}`)
    .join('\n')
}

/** The candidates for path and query; official SDKs disagree [vendor]. The letters are the contract's. */
export function canonicalResources(target: string): Set<string> {
  const mark = target.indexOf('?')
  const path = mark === -1 ? target : target.slice(0, mark)
  const query = mark === -1 ? '' : target.slice(mark + 1)
  if (query === '') return new Set([path, `${path}?`])

  const raw = query.split('&')
  const queries = [
    [...raw].sort(compareBytes).join('&'), // A
    query, // B
  ]
  const pairs = decodePairs(raw)
  if (pairs) {
    const byName = [...pairs].sort(([a], [b]) => compareBytes(a, b))
    const byNameAndValue = [...pairs].sort(([a, x], [b, y]) => compareBytes(a, b) || compareBytes(x, y))
    queries.push(joinPairs(byNameAndValue, encodeURIComponent)) // C
    queries.push(new URLSearchParams(byName).toString()) // D
    if (isUnambiguous(pairs)) queries.push(joinPairs(byName, text => text)) // E
  }
  return new Set(queries.map(candidate => `${path}?${candidate}`))
}

/** Form decoding; undefined when an escape is broken or not UTF-8. */
function decodePairs(raw: string[]): [string, string][] | undefined {
  try {
    return raw
      .filter(pair => pair !== '')
      .map(pair => {
        const equals = pair.indexOf('=')
        const name = equals === -1 ? pair : pair.slice(0, equals)
        const value = equals === -1 ? '' : pair.slice(equals + 1)
        return [formDecode(name), formDecode(value)]
      })
  } catch {
    return undefined
  }
}

function formDecode(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '))
}

function joinPairs(pairs: [string, string][], encode: (text: string) => string): string {
  return pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')
}

/** Unescaped pairs are safe to sign only if no two different queries give the same text. */
function isUnambiguous(pairs: [string, string][]): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  const special = /[\u0000-\u001f\u007f&=?#%+]/
  const names = new Set(pairs.map(([name]) => name))
  return names.size === pairs.length && !pairs.some(pair => pair.some(text => special.test(text)))
}

/** The runtime hands over header and target bytes one character each; clients signed them as UTF-8 text. */
function utf8(bytes: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the test is for plain ASCII
  if (/^[\u0000-\u007f]*$/.test(bytes)) return bytes
  const raw = Buffer.from(bytes, 'latin1')
  // What is not UTF-8 stays as it is: replacement characters would make different values alike.
  return isUtf8(raw) ? raw.toString('utf8') : bytes
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

// Signs as AfterShip's clients do, by the contract and not by our code: section 7.

import { createHash, createHmac } from 'node:crypto'

export interface Signable {
  method: string
  /** What the client signs for path and query. */
  target: string
  date: string
  /** Those whose names start with `as-`, in lower case. */
  headers: Record<string, string>
  contentType: string
  body: string | Buffer
}

export function signStringOf({ method, target, date, headers, contentType, body }: Signable): string {
  const signed = Object.entries(headers)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name}:${value}`)
  const md5 = body.length === 0 ? '' : createHash('md5').update(body).digest('hex').toUpperCase()
  return [method, md5, body.length === 0 ? '' : contentType, date, signed.join('\n'), target].join('\n')
}

export function hmacOf(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('base64')
}

// Member tokens made by hand, for what must be refused, and read as anybody can read them.

import assert from 'node:assert/strict'
import type { Json } from './memberstack.support.ts'

/** Header and claims of a token, not verified. */
export function decode(token: string): { header: Json; claims: Json } {
  const [header = '', claims = '', signature = '', ...more] = token.split('.')
  assert.deepEqual(more, [])
  assert.ok(signature !== '')
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString())
  return { header: read(header), claims: read(claims) }
}

/** A token with this header and these claims; `sign` gives the signature of its first two parts. */
export function encode(header: object, claims: object, sign: (input: string) => Buffer): string {
  const input = [header, claims].map(part => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${input}.${sign(input).toString('base64url')}`
}

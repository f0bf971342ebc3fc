import { randomBytes, randomUUIDv7 } from 'node:crypto'

/** The only source of randomness that ends up in a row or a reply. Tests hand in a counting one. */
export interface Ids {
  /** 32 lower-case hex digits. */
  hex32(): string
  /** Grows with time (RFC 9562, version 7), so that an index of such ids grows at its end. */
  uuid(): string
  /** `bytes` random bytes as base64url: a token that cannot be guessed. */
  secret(bytes: number): string
}

const ID_BYTES = 16
const POOLED_BYTES = 4096
let pool = Buffer.alloc(0)
let used = 0

/** From random bytes drawn for many at once: each request has an id. */
function hex32(): string {
  if (used === pool.length) {
    pool = randomBytes(POOLED_BYTES)
    used = 0
  }
  used += ID_BYTES
  return pool.toString('hex', used - ID_BYTES, used)
}

export const randomIds: Ids = {
  hex32,
  uuid: () => randomUUIDv7(),
  secret: bytes => randomBytes(bytes).toString('base64url'),
}

import { randomBytes, randomUUID, randomUUIDv7 } from 'node:crypto'

/** The only source of randomness that ends up in a row or a reply. Tests hand in a counting one. */
export interface Ids {
  /** 32 lower-case hex digits. */
  hex32(): string
  /** Grows with time (RFC 9562, version 7), so that an index of such ids grows at its end. */
  uuid(): string
  /** `bytes` random bytes as base64url: a token that cannot be guessed. */
  secret(bytes: number): string
}

export const randomIds: Ids = {
  hex32: () => randomUUID().replaceAll('-', ''),
  uuid: () => randomUUIDv7(),
  secret: bytes => randomBytes(bytes).toString('base64url'),
}

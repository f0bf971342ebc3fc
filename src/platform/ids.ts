import { randomBytes, randomUUID } from 'node:crypto'

/** The only source of randomness that ends up in a row or a reply. Tests hand in a counting one. */
export interface Ids {
  /** 32 lower-case hex digits. */
  hex32(): string
  uuid(): string
  /** `bytes` random bytes as base64url: a token that cannot be guessed. */
  secret(bytes: number): string
}

export const randomIds: Ids = {
  hex32: () => randomUUID().replaceAll('-', ''),
  uuid: () => randomUUID(),
  secret: bytes => randomBytes(bytes).toString('base64url'),
}

// Passwords, hashed with argon2id on the thread pool, off the event loop. Why these bounds: docs/decisions/0008-passwords.md.
//
// A password is the UTF-8 of its characters, taken as they are: nothing is trimmed, folded or normalised. Lone surrogates
// have no UTF-8; they would all be hashed as U+FFFD, and so open each other's accounts: no password has them.

import * as crypto from 'node:crypto'
import { promisify } from 'node:util'
import { DomainError } from './errors.ts'
import * as phc from './phc.ts'
import { Turns } from './turns.ts'

export interface PasswordSettings extends phc.Cost {
  /** How many are hashed at once; each takes a thread and `memoryKiB`. */
  concurrency: number
}

/** All that hash throw DomainError `rateLimited` when too many wait. Never call them inside a transaction. */
export interface Passwords {
  /** A new hash, as a PHC string. Throws DomainError `invalid` for a password with lone surrogates. */
  hash(password: string): Promise<string>
  /**
   * Whether `stored` was made from `password`. Without a hash, or with one that cannot be read, the answer is no after
   * the same work: who asks cannot tell an account that has none from a wrong password.
   */
  verify(password: string, stored: string | null | undefined): Promise<boolean>
  /** Whether `stored` was made at another cost than today's: who has just verified a password may hash it anew. */
  needsRehash(stored: string): boolean
}

const SALT_BYTES = 16
const HASH_BYTES = 32
const WAITING_MAX = 512

const argon2 = promisify(crypto.argon2)

export function createPasswords({ concurrency, ...cost }: PasswordSettings): Passwords {
  const turns = new Turns(concurrency, WAITING_MAX)
  const nobodys = { cost, salt: crypto.randomBytes(SALT_BYTES), hash: crypto.randomBytes(HASH_BYTES) }
  return {
    async hash(password) {
      if (!password.isWellFormed()) throw notUnicode()
      const salt = crypto.randomBytes(SALT_BYTES)
      const hash = await turns.run(() => derive(password, cost, salt, HASH_BYTES))
      return phc.write({ cost, salt, hash })
    },
    async verify(password, stored) {
      const known = phc.read(stored ?? '')
      const { cost, salt, hash } = known ?? nobodys
      const found = await turns.run(() => derive(password, cost, salt, hash.length))
      const equal = crypto.timingSafeEqual(found, hash)
      return equal && known !== undefined && password.isWellFormed()
    },
    needsRehash: stored => !stored.startsWith(phc.prefix(cost)),
  }
}

function derive(password: string, cost: phc.Cost, salt: Uint8Array, bytes: number): Promise<Uint8Array> {
  const { memoryKiB: memory, passes, parallelism } = cost
  return argon2('argon2id', { message: password, nonce: salt, memory, passes, parallelism, tagLength: bytes })
}

function notUnicode(): DomainError {
  const hint = 'must be well-formed Unicode'
  return new DomainError('invalid', `password ${hint}`, { issues: [{ path: 'password', problem: 'invalid', hint }] })
}

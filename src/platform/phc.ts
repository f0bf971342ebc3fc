// Argon2id hashes as text, `$argon2id$v=19$m=19456,t=2,p=1$SALT$HASH`: the PHC string format
// (https://github.com/P-H-C/phc-string-format) as argon2's reference implementation writes it, so that hashes can be
// carried here from elsewhere, and away.

/** What a guess costs. */
export interface Cost {
  memoryKiB: number
  passes: number
  /** Lanes. From 2 on, each hash is made by so many threads of its own, beside those of the pool. */
  parallelism: number
}

export interface PasswordHash {
  cost: Cost
  salt: Uint8Array
  hash: Uint8Array
}

/** The least that argon2 takes (RFC 9106, section 3.1), and it takes no less than `KIB_PER_LANE` for each lane. */
export const COST_MIN: Cost = { memoryKiB: 8, passes: 1, parallelism: 1 }
export const KIB_PER_LANE = 8
/** Ours: a hash from elsewhere must not hold a thread for longer than some seconds, nor more memory than 256 MiB. */
export const COST_MAX: Cost = { memoryKiB: 262_144, passes: 16, parallelism: 16 }

const SALT_BYTES = { min: 8, max: 64 }
/** RFC 9106 has tags from 4 bytes on; one of under 16 would be met by chance. */
const HASH_BYTES = { min: 16, max: 64 }

const FORM =
  /^\$argon2id\$v=19\$m=([1-9]\d{0,5}),t=([1-9]\d?),p=([1-9]\d?)\$([A-Za-z0-9+/]{1,86})\$([A-Za-z0-9+/]{1,86})$/

/** The text of a hash. */
export function write({ cost, salt, hash }: PasswordHash): string {
  return `${prefix(cost)}${unpadded(salt)}$${unpadded(hash)}`
}

/** What the text of every hash of this cost starts with. */
export function prefix({ memoryKiB, passes, parallelism }: Cost): string {
  return `$argon2id$v=19$m=${memoryKiB},t=${passes},p=${parallelism}$`
}

/** Reads the text of a hash. Undefined: it is none, is not written as `write` would write it, or is out of bounds. */
export function read(text: string): PasswordHash | undefined {
  const [, m, t, p, saltText = '', hashText = ''] = FORM.exec(text) ?? []
  const cost = { memoryKiB: Number(m), passes: Number(t), parallelism: Number(p) }
  const salt = Buffer.from(saltText, 'base64')
  const hash = Buffer.from(hashText, 'base64')
  const fits = isWithinBounds(cost) && isWithin(salt.length, SALT_BYTES) && isWithin(hash.length, HASH_BYTES)
  // Base64 has several texts for some bytes; one of them is right.
  return fits && write({ cost, salt, hash }) === text ? { cost, salt, hash } : undefined
}

function isWithinBounds({ memoryKiB, passes, parallelism }: Cost): boolean {
  return (
    isWithin(memoryKiB, { min: parallelism * KIB_PER_LANE, max: COST_MAX.memoryKiB }) &&
    isWithin(passes, { min: COST_MIN.passes, max: COST_MAX.passes }) &&
    isWithin(parallelism, { min: COST_MIN.parallelism, max: COST_MAX.parallelism })
  )
}

function isWithin(value: number, { min, max }: { min: number; max: number }): boolean {
  return value >= min && value <= max
}

function unpadded(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replaceAll('=', '')
}

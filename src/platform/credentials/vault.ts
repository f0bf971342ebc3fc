// Secrets at rest. A data key per purpose lives in the store, sealed under the master key, which lives outside it; so
// changing the master key re-seals a few data keys and nothing else.

import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import type { Kysely } from 'kysely'
import { timestamp } from '../clock.ts'
import type { Database } from '../db/database.ts'

interface DataKeyTable {
  purpose: string
  sealed_key: string
  created_at: string
}

declare module '../db/database.ts' {
  interface Database {
    data_keys: DataKeyTable
  }
}

const IV_BYTES = 12
const TAG_BYTES = 16

export interface Vault {
  /** The keyed hash (HMAC-SHA-256, base64url) under which a secret is found again. Equal secrets, equal hashes. */
  lookupHash(secret: string): string
  /** A hash under which this process alone remembers what a secret opens: four times as fast, never stored. */
  memoryHash(secret: string): string
  /** What only the owner of the master key can say of these values (HMAC-SHA-256, base64url): that they are ours. */
  attest(values: readonly (string | number | null)[]): string
  /** Seals text (AES-256-GCM). `owner` names the row it belongs to: it opens nowhere else. */
  seal(text: string, owner: string): string
  /** Opens what `seal` made for the same `owner`; throws when it was changed or moved. */
  open(sealed: string, owner: string): string
}

/** The master key does not open this store's data keys. */
export class WrongMasterKeyError extends Error {
  constructor() {
    super(
      'the master key does not open this store; give this node the key that the store was made with, in UNDERSTUDY_MASTER_KEY',
    )
    this.name = 'WrongMasterKeyError'
  }
}

/** Loads the store's data keys, making them on the first use. Throws WrongMasterKeyError. */
export async function openVault(db: Kysely<Database>, masterKey: Uint8Array, now: number): Promise<Vault> {
  const master = createSecretKey(masterKey)
  const lookup = await dataKey(db, master, 'lookup', now)
  const seal = await dataKey(db, master, 'seal', now)
  const attest = await dataKey(db, master, 'attest', now)
  return vaultOf(lookup, seal, attest)
}

/** As `openVault`, but makes nothing: undefined where the store has not all of its data keys yet. */
export async function openVaultToRead(db: Kysely<Database>, masterKey: Uint8Array): Promise<Vault | undefined> {
  const master = createSecretKey(masterKey)
  const rows = await db.selectFrom('data_keys').select(['purpose', 'sealed_key']).execute()
  const keys = new Map(rows.map(({ purpose, sealed_key }) => [purpose, opened(master, sealed_key, purpose)]))
  const [lookup, seal, attest] = [keys.get('lookup'), keys.get('seal'), keys.get('attest')]
  return lookup && seal && attest && vaultOf(lookup, seal, attest)
}

function vaultOf(lookup: KeyObject, seal: KeyObject, attest: KeyObject): Vault {
  const salt = randomBytes(32).toString('base64url')
  return {
    memoryHash: secret => hash('sha256', salt + secret, 'base64url'),
    lookupHash: secret => createHmac('sha256', lookup).update(secret).digest('base64url'),
    // As JSON, which says where each value ends, and of what kind it is.
    attest: values => createHmac('sha256', attest).update(JSON.stringify(values)).digest('base64url'),
    seal: (text, owner) => encrypt(seal, Buffer.from(text), owner),
    open: (sealed, owner) => decrypt(seal, sealed, owner).toString(),
  }
}

/** Throws WrongMasterKeyError when a data key in the store was not sealed under `masterKey`. Makes none. */
export async function checkMasterKey(db: Kysely<Database>, masterKey: Uint8Array): Promise<void> {
  const master = createSecretKey(masterKey)
  const keys = await db.selectFrom('data_keys').select(['purpose', 'sealed_key']).execute()
  for (const { purpose, sealed_key } of keys) opened(master, sealed_key, purpose)
}

async function dataKey(db: Kysely<Database>, master: KeyObject, purpose: string, now: number): Promise<KeyObject> {
  const fresh = encrypt(master, randomBytes(32), purpose)
  // Two processes may start on an empty store at once; the first insert wins and both read it back.
  await db
    .insertInto('data_keys')
    .values({ purpose, sealed_key: fresh, created_at: timestamp(now) })
    .onConflict(conflict => conflict.doNothing())
    .execute()
  const { sealed_key } = await db
    .selectFrom('data_keys')
    .select('sealed_key')
    .where('purpose', '=', purpose)
    .executeTakeFirstOrThrow()
  return opened(master, sealed_key, purpose)
}

function opened(master: KeyObject, sealedKey: string, purpose: string): KeyObject {
  try {
    return createSecretKey(decrypt(master, sealedKey, purpose))
  } catch {
    throw new WrongMasterKeyError()
  }
}

function encrypt(key: KeyObject, plain: Uint8Array, owner: string): string {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(owner))
  return Buffer.concat([iv, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString('base64url')
}

function decrypt(key: KeyObject, sealed: string, owner: string): Buffer {
  const bytes = Buffer.from(sealed, 'base64url')
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES))
    .setAAD(Buffer.from(owner))
    .setAuthTag(bytes.subarray(-TAG_BYTES))
  return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()])
}

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
import { holdTenant } from '../db/engine.ts'
import { fingerprintOf } from './master-key.ts'

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

const PURPOSES = ['lookup', 'seal', 'attest'] as const

export interface Vault {
  /** Names the master key that opened it. */
  readonly masterKeyFingerprint: string
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
      'the master key does not open this store; give this node the key that the store was made with, or last rotated to, in UNDERSTUDY_MASTER_KEY',
    )
    this.name = 'WrongMasterKeyError'
  }
}

/**
 * Loads the store's data keys, making them on the first use. `masterKeys` are those at hand: one of them must open the
 * store; a new one is sealed under the first. Throws WrongMasterKeyError.
 */
export async function openVault(db: Kysely<Database>, masterKeys: readonly Uint8Array[], now: number): Promise<Vault> {
  const vault = await openVaultToRead(db, masterKeys)
  if (vault) return vault
  await makeMissing(db, masterKeys, now)
  const made = await openVaultToRead(db, masterKeys)
  if (!made) throw new Error('the data keys that were just made are not there')
  return made
}

/** As `openVault`, but makes nothing: undefined where the store has not all of its data keys yet. */
export async function openVaultToRead(
  db: Kysely<Database>,
  masterKeys: readonly Uint8Array[],
): Promise<Vault | undefined> {
  const { masterKey, keyOf } = await unseal(db, masterKeys)
  const [lookup, seal, attest] = PURPOSES.map(purpose => keyOf.get(purpose))
  return lookup && seal && attest && vaultOf(masterKey, lookup, seal, attest)
}

function vaultOf(masterKey: Uint8Array, lookup: KeyObject, seal: KeyObject, attest: KeyObject): Vault {
  const salt = randomBytes(32).toString('base64url')
  return {
    masterKeyFingerprint: fingerprintOf(masterKey),
    memoryHash: secret => hash('sha256', salt + secret, 'base64url'),
    lookupHash: secret => createHmac('sha256', lookup).update(secret).digest('base64url'),
    // As JSON, which says where each value ends, and of what kind it is.
    attest: values => createHmac('sha256', attest).update(JSON.stringify(values)).digest('base64url'),
    seal: (text, owner) => encrypt(seal, Buffer.from(text), owner),
    open: (sealed, owner) => decrypt(seal, sealed, owner).toString(),
  }
}

/** Of the master keys at hand, the one that opens the store. Throws WrongMasterKeyError. Makes no data keys. */
export async function openingKey(db: Kysely<Database>, masterKeys: readonly Uint8Array[]): Promise<Uint8Array> {
  return (await unseal(db, masterKeys)).masterKey
}

/**
 * Seals the data keys under `next` instead of `former`; false where they are under `next` already. To be called in a
 * transaction. Throws WrongMasterKeyError.
 */
export async function resealDataKeys(db: Kysely<Database>, former: Uint8Array, next: Uint8Array): Promise<boolean> {
  await holdDataKeys(db)
  const { masterKey, keyOf } = await unseal(db, [former, next])
  if (masterKey === next) return false
  const master = createSecretKey(next)
  for (const [purpose, key] of keyOf) {
    const sealed_key = encrypt(master, key.export(), purpose)
    await db.updateTable('data_keys').set({ sealed_key }).where('purpose', '=', purpose).execute()
  }
  return true
}

/** Lets one transaction at a time change the data keys, until it ends: none is sealed under a key that was replaced. */
export function holdDataKeys(db: Kysely<Database>): Promise<void> {
  return holdTenant(db, 'data-keys')
}

async function makeMissing(db: Kysely<Database>, masterKeys: readonly Uint8Array[], now: number): Promise<void> {
  await db.transaction().execute(async tx => {
    await holdDataKeys(tx)
    // Two processes may start on an empty store at once: the second finds the keys of the first.
    const { masterKey, keyOf } = await unseal(tx, masterKeys)
    const master = createSecretKey(masterKey)
    const values = PURPOSES.filter(purpose => !keyOf.has(purpose)).map(purpose => ({
      purpose,
      sealed_key: encrypt(master, randomBytes(32), purpose),
      created_at: timestamp(now),
    }))
    if (values.length > 0) await tx.insertInto('data_keys').values(values).execute()
  })
}

/** The data keys by purpose, all as of one moment, and which of the master keys opened them: the first on an empty store. */
async function unseal(db: Kysely<Database>, masterKeys: readonly Uint8Array[]) {
  const rows = await db.selectFrom('data_keys').select(['purpose', 'sealed_key']).execute()
  for (const masterKey of masterKeys) {
    const keyOf = opened(createSecretKey(masterKey), rows)
    if (keyOf) return { masterKey, keyOf }
  }
  throw new WrongMasterKeyError()
}

function opened(master: KeyObject, rows: Pick<DataKeyTable, 'purpose' | 'sealed_key'>[]) {
  try {
    return new Map(
      rows.map(({ purpose, sealed_key }) => [purpose, createSecretKey(decrypt(master, sealed_key, purpose))]),
    )
  } catch {
    return undefined
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

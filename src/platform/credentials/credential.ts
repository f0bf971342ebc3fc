// What a credential is, whatever its kind: whether it may be used, and what can be read of it in clear.

import { timestamp } from '../clock.ts'
import type { Context } from '../context.ts'
import { DomainError } from '../errors.ts'
import type { NewCredentialRow } from './credentials.store.ts'

export interface Credential {
  id: string
  vendor: string
  tenant: string
  /** Whose it is inside the tenant; empty when it is the tenant's own. */
  owner: string
  mode: string
  name: string
  scopes: readonly string[]
  holder: string | null
  /** Names the key in logs, events and lists without giving it away: 12 hex digits of its keyed hash. */
  fingerprint: string
  publicKey: string | null
  sealedKey: string | null
  sealedSecret: string | null
  createdAt: string
  expiresAt: string | null
  lastUsedAt: string | null
  disabledAt: string | null
  /** Why it is disabled: `operator`, or what was removed. It works again when the last of these is taken back. */
  disabledBy: readonly string[]
}

/** Neither disabled nor expired. */
export function isUsable(ctx: Context, credential: Credential): boolean {
  if (credential.disabledAt !== null) return false
  return credential.expiresAt === null || credential.expiresAt > timestamp(ctx.clock.now())
}

/** The signing secret in clear. Throws when the credential has none. */
export function signingSecret(ctx: Context, credential: Credential): string {
  if (credential.sealedSecret === null) throw new DomainError('internal', 'this credential has no signing secret')
  return ctx.vault.open(credential.sealedSecret, secretPlace(credential.id))
}

/** The key in clear, of vendors that show it again. Throws when it was not kept. */
export function keyInClear(ctx: Context, credential: Credential): string {
  if (credential.sealedKey === null) throw new DomainError('internal', 'the key of this credential is not kept')
  return ctx.vault.open(credential.sealedKey, keyPlace(credential.id))
}

export function credentialOf(row: NewCredentialRow): Credential {
  return {
    id: row.id,
    vendor: row.vendor,
    tenant: row.tenant,
    owner: row.owner,
    mode: row.mode,
    name: row.name,
    scopes: JSON.parse(row.scopes) as string[],
    holder: row.holder,
    fingerprint: Buffer.from(row.lookup_hash, 'base64url').toString('hex', 0, 6),
    publicKey: row.public_key,
    sealedKey: row.sealed_key,
    sealedSecret: row.sealed_secret,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    disabledAt: row.disabled_at,
    disabledBy: JSON.parse(row.disabled_by) as string[],
  }
}

/** What a sealed value is bound to: it opens for its own credential alone. */
export const keyPlace = (id: string) => `credential-key:${id}`
export const secretPlace = (id: string) => `credential:${id}`

// API keys of an organization: made in the control API and the seed, one mode each [vendor].

import { createPublicKey } from 'node:crypto'
import { type Context, type Principal, withTransaction } from '../../platform/context.ts'
import type { Credential } from '../../platform/credentials/credential.ts'
import * as credentials from '../../platform/credentials/credentials.ts'
import { DomainError } from '../../platform/errors.ts'
import * as organizations from './organizations.ts'

type KeyMode = 'api_key' | 'hmac' | 'rsa'
type KeyPermission = 'full' | 'read' | 'none'

export const READ = 'aftership:members:read'
export const WRITE = 'aftership:members:write'

const scopesOf: Record<KeyPermission, readonly string[]> = { full: [READ, WRITE], read: [READ], none: [] }

export interface NewKey {
  name: string
  mode: KeyMode
  /** Pinned key and secret; made when left out. */
  key?: string | undefined
  secret?: string | undefined
  /** PEM, SPKI or PKCS#1; needed for `rsa`. */
  publicKey?: string | undefined
  permission?: KeyPermission | undefined
  holder?: string | undefined
  expiresAt?: string | undefined
}

/** A new key in clear: shown this once. `secret` for mode `hmac` alone. */
export interface MadeKey {
  credential: Credential
  key: string
  secret: string | undefined
}

/** Throws `notFound` (organization), `invalid` (no or an unusable public key) and `conflict` (the key exists). */
export async function create(ctx: Context, principal: Principal, input: NewKey): Promise<MadeKey> {
  const key = input.key ?? `asat_${ctx.ids.secret(24)}`
  const secret = input.mode === 'hmac' ? (input.secret ?? `asas_${ctx.ids.secret(32)}`) : undefined
  const publicKey = input.mode === 'rsa' ? normalizePublicKey(input.publicKey) : undefined
  return withTransaction(ctx, principal, async tx => {
    await organizations.get(tx, principal.tenant)
    const credential = await credentials.create(tx, principal, {
      vendor: 'aftership',
      tenant: principal.tenant,
      mode: input.mode,
      name: input.name,
      key,
      secret,
      publicKey,
      scopes: scopesOf[input.permission ?? 'full'],
      holder: input.holder,
      expiresAt: input.expiresAt,
    })
    return { credential, key, secret }
  })
}

/** RSA of 2048 to 4096 bits, as SPKI PEM: contract section 7. */
function normalizePublicKey(pem: string | undefined): string {
  if (pem === undefined) throw publicKeyIssue('required')
  try {
    // A private key would be accepted too, and its public half taken: refuse it, it must never be sent here.
    if (/PRIVATE KEY/.test(pem)) throw publicKeyIssue('invalid')
    const key = createPublicKey(pem)
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0
    if (key.asymmetricKeyType === 'rsa' && bits >= 2048 && bits <= 4096) {
      return key.export({ type: 'spki', format: 'pem' }).toString()
    }
  } catch {
    // Falls through to the one refusal for all that is not such a key.
  }
  throw publicKeyIssue('invalid')
}

function publicKeyIssue(problem: 'required' | 'invalid'): DomainError {
  return new DomainError('invalid', 'an RSA key needs a public key', {
    issues: [{ path: 'publicKey', problem, hint: 'an RSA public key of 2048 to 4096 bits as PEM, SPKI or PKCS#1' }],
  })
}

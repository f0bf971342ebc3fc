// Keys of an app: contract section 2. Made in the control API and the seed; the prefix says the environment.

import { type Context, type Principal, withTransaction } from '../../platform/context.ts'
import type { Credential } from '../../platform/credentials/credential.ts'
import * as credentials from '../../platform/credentials/credentials.ts'
import { DomainError } from '../../platform/errors.ts'
import * as apps from './apps.ts'
import { type Environment, environmentOfKey, VENDOR } from './realm.ts'

export type KeyKind = 'secret' | 'public'

export interface NewKey {
  name?: string | undefined
  kind: KeyKind
  environment: Environment
  /** Pinned by a seed; made when left out. */
  key?: string | undefined
  holder?: string | undefined
  /** When it stops working, as a timestamp. */
  expiresAt?: string | undefined
}

/** A key with its secret in clear: shown this once. */
export interface MadeKey {
  credential: Credential
  key: string
}

/** What a key looks like at all. */
export const KEY = /^(sk|pk)_[A-Za-z0-9_-]{1,200}$/

const PREFIXES = {
  secret: { sandbox: 'sk_sb_', live: 'sk_live_' },
  public: { sandbox: 'pk_sb_', live: 'pk_live_' },
} as const

/** Makes a key for the principal's app. Throws `notFound` (app), `invalid` (`key`) and `conflict` (it exists already). */
export async function create(ctx: Context, principal: Principal, input: NewKey): Promise<MadeKey> {
  const { kind, environment } = input
  const key = input.key ?? `${PREFIXES[kind][environment]}${ctx.ids.secret(24)}`
  checkForm(key, input)
  return withTransaction(ctx, principal, async tx => {
    await apps.get(tx, principal.tenant)
    const credential = await credentials.create(tx, principal, {
      vendor: VENDOR,
      tenant: principal.tenant,
      mode: `${kind}:${environment}`,
      name: input.name ?? `${environment} ${kind} key`,
      key,
      scopes: [],
      holder: input.holder,
      expiresAt: input.expiresAt,
    })
    return { credential, key }
  })
}

/** A pinned key has to be what it is said to be: clients and server read both off it. */
function checkForm(key: string, { kind, environment }: NewKey): void {
  const prefix = kind === 'secret' ? 'sk_' : 'pk_'
  if (KEY.test(key) && key.startsWith(prefix) && environmentOfKey(key) === environment) return
  const hint = `${PREFIXES[kind][environment]}… with letters, digits, _ and -`
  throw new DomainError('invalid', `this is no ${kind} key of the ${environment} environment`, {
    issues: [{ path: 'key', problem: 'invalid', hint }],
  })
}

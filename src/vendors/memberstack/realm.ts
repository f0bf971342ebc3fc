// Where members live: one environment of one app. What is in one is not there for another: contract section 2.

import type { Principal } from '../../platform/context.ts'

export const VENDOR = 'memberstack'

export type Environment = 'sandbox' | 'live'
export const environments: readonly Environment[] = ['sandbox', 'live']

export interface Realm {
  /** The app's id. */
  tenant: string
  environment: Environment
}

/** Who asks, and in which environment of the app. */
export interface AppPrincipal extends Principal {
  environment: Environment
}

/** The environment that a member's id names: `mem_sb_…` is a sandbox's. */
export function environmentOf(memberId: string): Environment {
  return memberId.startsWith('mem_sb_') ? 'sandbox' : 'live'
}

/** The environment that a key names: `sk_sb_…` and `pk_sb_…` are a sandbox's, all others live. */
export function environmentOfKey(key: string): Environment {
  return /^(sk|pk)_sb_/.test(key) ? 'sandbox' : 'live'
}

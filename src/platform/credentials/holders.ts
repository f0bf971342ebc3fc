// What a vendor does when a person leaves, and when they come back.

import { type Context, type Principal, withTransaction } from '../context.ts'
import type { Credential } from './credential.ts'
import type * as credentials from './credentials.ts'
import * as disabling from './disabling.ts'

export interface Holders {
  /** Ends all that the person with this email holds here, in one transaction, because of `cause`. Returns the keys. */
  offboard(ctx: Context, principal: Principal, email: string, cause: string): Promise<Credential[]>
  /** Takes back what `offboard` ended for the same cause, and nothing else. Returns the keys that it concerned. */
  restore(ctx: Context, principal: Principal, email: string, cause: string): Promise<Credential[]>
  /** Whether the person still belongs to a tenant; left out where a vendor cannot know. */
  isPresent?(ctx: Context, tenant: string, email: string): Promise<boolean>
}

/** For vendors where a person holds keys and nothing else. */
export function keyHolders(vendor: string, noun: credentials.EventNoun = 'credential'): Holders {
  return {
    offboard: (ctx, principal, holder, cause) =>
      withTransaction(ctx, principal, tx => disabling.disableBecause(tx, principal, { vendor, holder }, cause, noun)),
    restore: (ctx, principal, holder, cause) =>
      withTransaction(ctx, principal, tx => disabling.enableBecause(tx, principal, { vendor, holder }, cause, noun)),
  }
}

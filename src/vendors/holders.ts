// A person, over all vendors: what they hold, and what becomes of it when they leave or come back.

import { type Context, type Principal, withTransaction } from '../platform/context.ts'
import type { Credential } from '../platform/credentials/credential.ts'
import { type Holders, keyHolders } from '../platform/credentials/holders.ts'
import { emailKey } from '../platform/email.ts'
import { vendors } from './index.ts'

/**
 * Ends what a person holds: their keys at every vendor, control tokens and, where a vendor has more, that too; all of it
 * or nothing. Returns the keys, which an earlier offboarding may have disabled already.
 */
export async function offboard(ctx: Context, principal: Principal, email: string): Promise<Credential[]> {
  return eachVendor(ctx, principal, (vendor, tx) => vendor.offboard(tx, principal, email, causeOf(email)))
}

/** Takes an offboarding back: what it ended, and nothing else. Returns the keys that it concerned. */
export async function restore(ctx: Context, principal: Principal, email: string): Promise<Credential[]> {
  return eachVendor(ctx, principal, (vendor, tx) => vendor.restore(tx, principal, email, causeOf(email)))
}

/** Whether a holder still belongs to the tenant whose key they hold. Vendors without such people say yes. */
export async function isHolderPresent(ctx: Context, vendor: string, tenant: string, holder: string): Promise<boolean> {
  const holders = vendors.find(({ name }) => name === vendor)?.holders
  return holders?.isPresent === undefined || holders.isPresent(ctx, tenant, holder)
}

/** Control tokens are held like keys, and end like them. */
const ours: Holders = keyHolders('understudy')

/**
 * In one transaction. It is the operator's first, so that two of them come one after the other: each joins tenants of
 * several vendors, and would wait for the other in a circle.
 */
function eachVendor(
  ctx: Context,
  principal: Principal,
  act: (holders: Holders, tx: Context) => Promise<Credential[]>,
): Promise<Credential[]> {
  return withTransaction(ctx, principal, async tx => {
    const keys: Credential[] = []
    for (const holders of [...vendors.map(vendor => vendor.holders), ours]) keys.push(...(await act(holders, tx)))
    return keys
  })
}

const causeOf = (email: string) => `offboarding:${emailKey(email)}`

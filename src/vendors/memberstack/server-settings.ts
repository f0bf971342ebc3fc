// What holds for every app of the server: contract section 14.

import type { Context, Principal } from '../../platform/context.ts'
import * as settings from '../../platform/settings.ts'

const ISSUER = 'memberstack.issuer'
/** On which the vendor's verifiers insist. */
const ISSUER_DEFAULT = 'https://api.memberstack.com'

/** Who tokens say they are from; cached. */
export async function issuer(ctx: Context): Promise<string> {
  const stored = await ctx.lookups.get(ISSUER, async () => (await settings.read(ctx, ISSUER)) ?? ISSUER_DEFAULT)
  return String(stored)
}

/** Tokens that say another issuer are refused from then on. */
export function setIssuer(tx: Context, principal: Principal, value: string): Promise<void> {
  return settings.write(tx, principal, ISSUER, value)
}

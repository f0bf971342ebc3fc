// Ids: contract section 2. A prefix, then `c` and 24 characters of `[a-z0-9]`.

import type { Context } from '../../platform/context.ts'
import type { Environment } from './realm.ts'

const LENGTH = 24

export const newAppId = (ctx: Context) => `app_${cuid(ctx)}`
export const newPlanId = (ctx: Context) => `pln_${cuid(ctx)}`
export const newPriceId = (ctx: Context) => `prc_${cuid(ctx)}`
export const newConnectionId = (ctx: Context) => `con_${cuid(ctx)}`
export const newMemberId = (ctx: Context, environment: Environment) =>
  `${environment === 'sandbox' ? 'mem_sb_' : 'mem_'}${cuid(ctx)}`

function cuid(ctx: Context): string {
  const digits = BigInt(`0x${ctx.ids.hex32()}`).toString(36)
  return `c${digits.padStart(LENGTH, '0').slice(-LENGTH)}`
}

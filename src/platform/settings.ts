// Settings that live in the store, because a seed sets them: they hold for every process on it and over restarts. What
// the configuration says wins.

import { timestamp } from './clock.ts'
import type { Context, Principal } from './context.ts'
import * as events from './events/events.ts'

interface SettingTable {
  name: string
  /** JSON. */
  value: string
  updated_at: string
}

declare module './db/database.ts' {
  interface Database {
    settings: SettingTable
  }
}

const ALLOW_PRIVATE = 'webhooks.allowPrivateAddresses'

/** Whether webhooks may go to private addresses: as configured, else as stored, else no. */
export async function allowsPrivateAddresses(ctx: Context): Promise<boolean> {
  const configured = ctx.settings.allowPrivateAddresses
  if (configured !== undefined) return configured
  const row = await ctx.db.selectFrom('settings').select('value').where('name', '=', ALLOW_PRIVATE).executeTakeFirst()
  return row?.value === 'true'
}

/** Stores the setting and its `setting.updated` event. Call it inside a transaction. */
export async function setAllowPrivateAddresses(tx: Context, principal: Principal, value: boolean): Promise<void> {
  const row = { value: JSON.stringify(value), updated_at: timestamp(tx.clock.now()) }
  await tx.db
    .insertInto('settings')
    .values({ name: ALLOW_PRIVATE, ...row })
    .onConflict(conflict => conflict.column('name').doUpdateSet(row))
    .execute()
  await events.record(tx, principal, 'setting.updated', ALLOW_PRIVATE, { name: ALLOW_PRIVATE, value })
}

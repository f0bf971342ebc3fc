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

type Readable = Pick<Context, 'db'> & { settings: Pick<Context['settings'], 'allowPrivateAddresses'> }

/** Whether webhooks may go to private addresses: as configured, else as stored, else no. */
export async function allowsPrivateAddresses(ctx: Readable): Promise<boolean> {
  return ctx.settings.allowPrivateAddresses ?? (await read(ctx, ALLOW_PRIVATE)) === true
}

export function setAllowPrivateAddresses(tx: Context, principal: Principal, value: boolean): Promise<void> {
  return write(tx, principal, ALLOW_PRIVATE, value)
}

/** A stored setting; undefined where none was stored. */
export async function read(ctx: Pick<Context, 'db'>, name: string): Promise<unknown> {
  const row = await ctx.db.selectFrom('settings').select('value').where('name', '=', name).executeTakeFirst()
  return row && JSON.parse(row.value)
}

/** Stores a setting (what JSON can hold, never a secret) and its `setting.updated` event. Call it inside a transaction. */
export async function write(tx: Context, principal: Principal, name: string, value: unknown): Promise<void> {
  const row = { value: JSON.stringify(value), updated_at: timestamp(tx.clock.now()) }
  await tx.db
    .insertInto('settings')
    .values({ name, ...row })
    .onConflict(conflict => conflict.column('name').doUpdateSet(row))
    .execute()
  tx.afterCommit(() => tx.lookups.clear())
  await events.record(tx, principal, 'setting.updated', name, { name, value })
}

import type { Selectable } from 'kysely'
import type { Context } from '../../platform/context.ts'
import type { Place } from '../../platform/db/keyset.ts'
import { prepared } from '../../platform/db/prepared.ts'
import { emailKey } from '../../platform/email.ts'

interface AccountTable {
  id: string
  email: string
  /** What emails are compared by. */
  email_key: string
  verified: number
  created_at: string
}

export interface Account {
  id: string
  /** As it was registered. */
  email: string
  verified: boolean
  createdAt: string
}

declare module '../../platform/db/database.ts' {
  interface Database {
    aftership_accounts: AccountTable
  }
}

export async function findById(ctx: Context, id: string): Promise<Account | undefined> {
  const row = await ctx.db.selectFrom('aftership_accounts').selectAll().where('id', '=', id).executeTakeFirst()
  return row && accountOf(row)
}

const byEmail = prepared<{ key: string }, Selectable<AccountTable>>((db, value) =>
  db.selectFrom('aftership_accounts').selectAll().where('email_key', '=', value('key')),
)

export async function findByEmail(ctx: Context, email: string): Promise<Account | undefined> {
  const [row] = await byEmail(ctx, { key: emailKey(email) })
  return row && accountOf(row)
}

export async function list(ctx: Context, place: Place, limit: number): Promise<Account[]> {
  const rows = await ctx.db
    .selectFrom('aftership_accounts')
    .selectAll()
    .where(eb => eb(eb.refTuple('created_at', 'id'), '>', eb.tuple(place.createdAt, place.id)))
    .orderBy('created_at')
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(accountOf)
}

export async function insert(ctx: Context, account: Account): Promise<void> {
  await ctx.db
    .insertInto('aftership_accounts')
    .values({
      id: account.id,
      email: account.email,
      email_key: emailKey(account.email),
      verified: account.verified ? 1 : 0,
      created_at: account.createdAt,
    })
    .execute()
}

export async function setVerified(ctx: Context, id: string, verified: boolean): Promise<void> {
  await ctx.db
    .updateTable('aftership_accounts')
    .set({ verified: verified ? 1 : 0 })
    .where('id', '=', id)
    .execute()
}

function accountOf(row: Selectable<AccountTable>): Account {
  return { id: row.id, email: row.email, verified: row.verified === 1, createdAt: row.created_at }
}

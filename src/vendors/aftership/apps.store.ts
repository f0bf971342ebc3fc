import type { Selectable } from 'kysely'
import type { Context } from '../../platform/context.ts'
import type { Place } from '../../platform/db/keyset.ts'

interface AppTable {
  /** The client id. */
  id: string
  name: string
  partner: number
  /** JSON array of URIs. */
  redirect_uris: string
  secret_hash: string
  created_at: string
}

declare module '../../platform/db/database.ts' {
  interface Database {
    aftership_apps: AppTable
  }
}

/** An OAuth client; its secret's hash stays in the table. */
export interface App {
  /** The client id. */
  id: string
  name: string
  /** In the Partner Program: only such an app gets grants. */
  partner: boolean
  /** Matched exactly, as text. */
  redirectUris: string[]
  createdAt: string
}

export type AppSettings = Pick<App, 'name' | 'redirectUris' | 'partner'>

export async function findById(ctx: Context, id: string): Promise<App | undefined> {
  const row = await ctx.db.selectFrom('aftership_apps').selectAll().where('id', '=', id).executeTakeFirst()
  return row && appOf(row)
}

export async function findSecretHash(ctx: Context, id: string): Promise<string | undefined> {
  const row = await ctx.db.selectFrom('aftership_apps').select('secret_hash').where('id', '=', id).executeTakeFirst()
  return row?.secret_hash
}

export async function list(ctx: Context, place: Place, limit: number): Promise<App[]> {
  const rows = await ctx.db
    .selectFrom('aftership_apps')
    .selectAll()
    .where(eb => eb(eb.refTuple('created_at', 'id'), '>', eb.tuple(place.createdAt, place.id)))
    .orderBy('created_at')
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(appOf)
}

export async function insert(tx: Context, app: App, secretHash: string): Promise<void> {
  await tx.db
    .insertInto('aftership_apps')
    .values({ id: app.id, ...columnsOf(app), secret_hash: secretHash, created_at: app.createdAt })
    .execute()
}

export async function update(tx: Context, id: string, settings: AppSettings): Promise<void> {
  await tx.db.updateTable('aftership_apps').set(columnsOf(settings)).where('id', '=', id).execute()
}

export async function setSecretHash(tx: Context, id: string, secretHash: string): Promise<void> {
  await tx.db.updateTable('aftership_apps').set({ secret_hash: secretHash }).where('id', '=', id).execute()
}

export async function remove(tx: Context, id: string): Promise<void> {
  await tx.db.deleteFrom('aftership_apps').where('id', '=', id).execute()
}

function columnsOf({ name, partner, redirectUris }: AppSettings) {
  return { name, partner: partner ? 1 : 0, redirect_uris: JSON.stringify(redirectUris) }
}

function appOf(row: Selectable<AppTable>): App {
  return {
    id: row.id,
    name: row.name,
    partner: row.partner === 1,
    redirectUris: JSON.parse(row.redirect_uris) as string[],
    createdAt: row.created_at,
  }
}

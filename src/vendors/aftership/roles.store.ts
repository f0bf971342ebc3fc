import type { Context } from '../../platform/context.ts'
import { prepared } from '../../platform/db/prepared.ts'

interface RoleTable {
  organization_id: string
  code: string
  name: string
  /** Place in the list: the defaults, then custom ones by age. */
  position: number
}

declare module '../../platform/db/database.ts' {
  interface Database {
    aftership_roles: RoleTable
  }
}

export interface Role {
  code: string
  name: string
}

export function list(ctx: Context, organizationId: string): Promise<Role[]> {
  return ctx.db
    .selectFrom('aftership_roles')
    .select(['code', 'name'])
    .where('organization_id', '=', organizationId)
    .orderBy('position')
    .execute()
}

const byCode = prepared<{ organizationId: string; code: string }, Role>((db, value) =>
  db
    .selectFrom('aftership_roles')
    .select(['code', 'name'])
    .where('organization_id', '=', value('organizationId'))
    .where('code', '=', value('code')),
)

export async function find(ctx: Context, organizationId: string, code: string): Promise<Role | undefined> {
  const [role] = await byCode(ctx, { organizationId, code })
  return role
}

export async function insert(tx: Context, organizationId: string, role: Role, position: number): Promise<void> {
  await tx.db
    .insertInto('aftership_roles')
    .values({ organization_id: organizationId, ...role, position })
    .execute()
}

export async function lastPosition(tx: Context, organizationId: string): Promise<number> {
  const row = await tx.db
    .selectFrom('aftership_roles')
    .select(eb => eb.fn.max('position').as('position'))
    .where('organization_id', '=', organizationId)
    .executeTakeFirst()
  return row?.position ?? -1
}

export async function rename(tx: Context, organizationId: string, code: string, name: string): Promise<void> {
  await tx.db
    .updateTable('aftership_roles')
    .set({ name })
    .where('organization_id', '=', organizationId)
    .where('code', '=', code)
    .execute()
}

export async function remove(tx: Context, organizationId: string, code: string): Promise<void> {
  await tx.db
    .deleteFrom('aftership_roles')
    .where('organization_id', '=', organizationId)
    .where('code', '=', code)
    .execute()
}

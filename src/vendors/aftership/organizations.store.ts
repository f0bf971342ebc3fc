import type { Selectable } from 'kysely'
import type { Context } from '../../platform/context.ts'
import type { Place } from '../../platform/db/keyset.ts'
import { prepared, preparedChange } from '../../platform/db/prepared.ts'

interface OrganizationTable {
  id: string
  name: string
  invitations: 'verify' | 'automatic'
  seats: number | null
  requests_per_second: number
  /** The place in the list that the next membership gets. */
  next_position: number
  created_at: string
}

declare module '../../platform/db/database.ts' {
  interface Database {
    aftership_organizations: OrganizationTable
  }
}

export interface Organization {
  id: string
  name: string
  /** `verify`: a mailed link activates a membership. `automatic`: it is active at once. */
  invitations: 'verify' | 'automatic'
  /** Pending and active memberships together; null is unlimited. */
  seats: number | null
  requestsPerSecond: number
  createdAt: string
}

export type OrganizationSettings = Pick<Organization, 'name' | 'invitations' | 'seats' | 'requestsPerSecond'>

const byId = prepared<{ id: string }, Selectable<OrganizationTable>>((db, value) =>
  db.selectFrom('aftership_organizations').selectAll().where('id', '=', value('id')),
)

export async function findById(ctx: Context, id: string): Promise<Organization | undefined> {
  const [row] = await byId(ctx, { id })
  return row && organizationOf(row)
}

export async function list(ctx: Context, place: Place, limit: number): Promise<Organization[]> {
  const rows = await ctx.db
    .selectFrom('aftership_organizations')
    .selectAll()
    .where(eb => eb(eb.refTuple('created_at', 'id'), '>', eb.tuple(place.createdAt, place.id)))
    .orderBy('created_at')
    .orderBy('id')
    .limit(limit)
    .execute()
  return rows.map(organizationOf)
}

export async function insert(ctx: Context, organization: Organization): Promise<void> {
  await ctx.db
    .insertInto('aftership_organizations')
    .values({
      id: organization.id,
      ...columnsOf(organization),
      next_position: 0,
      created_at: organization.createdAt,
    })
    .execute()
}

export async function update(ctx: Context, id: string, settings: OrganizationSettings): Promise<void> {
  await ctx.db.updateTable('aftership_organizations').set(columnsOf(settings)).where('id', '=', id).execute()
}

const nextPosition = preparedChange<{ id: string }, { next_position: number }>((db, value) =>
  db
    .updateTable('aftership_organizations')
    .set(eb => ({ next_position: eb('next_position', '+', 1) }))
    .where('id', '=', value('id'))
    .returning('next_position'),
)

/** Hands out the organization's next position. Holds the organization's row until the transaction ends, so that seats are counted by one create at a time. */
export async function takePosition(tx: Context, id: string): Promise<number> {
  const [row] = await nextPosition(tx, { id })
  if (!row) throw new Error(`there is no organization ${id}`)
  return row.next_position - 1
}

function columnsOf(settings: OrganizationSettings) {
  const { name, invitations, seats, requestsPerSecond } = settings
  return { name, invitations, seats, requests_per_second: requestsPerSecond }
}

function organizationOf(row: Selectable<OrganizationTable>): Organization {
  return {
    id: row.id,
    name: row.name,
    invitations: row.invitations,
    seats: row.seats,
    requestsPerSecond: row.requests_per_second,
    createdAt: row.created_at,
  }
}

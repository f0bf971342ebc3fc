import { type Selectable, sql } from 'kysely'
import type { Context } from '../../platform/context.ts'
import { deleteSome } from '../../platform/db/engine.ts'
import { preparedChange } from '../../platform/db/prepared.ts'

interface InvitationTable {
  token_hash: string
  organization_id: string
  membership_id: string
  created_at: string
  expires_at: string
  /** Used, replaced by a newer one, or the membership is gone. */
  ended_at: string | null
}

declare module '../../platform/db/database.ts' {
  interface Database {
    aftership_invitations: InvitationTable
  }
}

export type Invitation = Selectable<InvitationTable>

export function find(ctx: Context, tokenHash: string): Promise<Invitation | undefined> {
  return ctx.db.selectFrom('aftership_invitations').selectAll().where('token_hash', '=', tokenHash).executeTakeFirst()
}

const insertOpen = preparedChange<Omit<Invitation, 'ended_at'>, never>((db, value) =>
  db.insertInto('aftership_invitations').values({
    token_hash: value('token_hash'),
    organization_id: value('organization_id'),
    membership_id: value('membership_id'),
    created_at: value('created_at'),
    expires_at: value('expires_at'),
    ended_at: null,
  }),
)

export async function insert(tx: Context, invitation: Omit<Invitation, 'ended_at'>): Promise<void> {
  await insertOpen(tx, invitation)
}

const endOfMembership = preparedChange<{ organizationId: string; membershipId: string; endedAt: string }, never>(
  (db, value) =>
    db
      .updateTable('aftership_invitations')
      .set({ ended_at: value('endedAt') })
      .where('organization_id', '=', value('organizationId'))
      .where('membership_id', '=', value('membershipId'))
      .where('ended_at', 'is', null),
)

/** Ends whatever links to this membership are still open. */
export async function endAll(
  tx: Context,
  organizationId: string,
  membershipId: string,
  endedAt: string,
): Promise<void> {
  await endOfMembership(tx, { organizationId, membershipId, endedAt })
}

/** Open invitations that expired by `now`, oldest first. */
export function listExpired(ctx: Context, now: string, limit: number): Promise<Invitation[]> {
  return ctx.db
    .selectFrom('aftership_invitations')
    .selectAll()
    .where('ended_at', 'is', null)
    .where('expires_at', '<=', now)
    .orderBy('expires_at')
    .limit(limit)
    .execute()
}

/** Forgets links that expired before `time`. Returns how many of at most `limit`. */
export function purge(ctx: Context, time: string, limit: number): Promise<number> {
  const condition = sql`expires_at < ${time} and ended_at is not null`
  return deleteSome(ctx.db, 'aftership_invitations', ['token_hash'], condition, limit)
}

import type { Selectable } from 'kysely'
import type { Context } from '../../platform/context.ts'

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

export async function insert(tx: Context, invitation: Invitation): Promise<void> {
  await tx.db.insertInto('aftership_invitations').values(invitation).execute()
}

/** Ends whatever links to this membership are still open. */
export async function endAll(
  tx: Context,
  organizationId: string,
  membershipId: string,
  endedAt: string,
): Promise<void> {
  await tx.db
    .updateTable('aftership_invitations')
    .set({ ended_at: endedAt })
    .where('organization_id', '=', organizationId)
    .where('membership_id', '=', membershipId)
    .where('ended_at', 'is', null)
    .execute()
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

/** Forgets links that expired before `time`. */
export async function purge(ctx: Context, time: string): Promise<void> {
  await ctx.db
    .deleteFrom('aftership_invitations')
    .where('expires_at', '<', time)
    .where('ended_at', 'is not', null)
    .execute()
}

// How many live memberships stand in each block of an organization's positions: totals and deep offsets without walking
// the rows.

import { sql } from 'kysely'
import type { Context } from '../../platform/context.ts'
import { prepared, preparedChange } from '../../platform/db/prepared.ts'

interface MembershipBlockTable {
  organization_id: string
  /** `ALL`, or which one. */
  block: number
  members: number
}

declare module '../../platform/db/database.ts' {
  interface Database {
    aftership_membership_blocks: MembershipBlockTable
  }
}

/** Positions are counted in blocks of this many, so that the n-th of a million is found by adding up 244 numbers. */
const BLOCK_SIZE = 4096
/** The block that counts all of them. */
const ALL = -1

const membersOf = prepared<{ organizationId: string; block: number }, { members: number }>((db, value) =>
  db
    .selectFrom('aftership_membership_blocks')
    .select('members')
    .where('organization_id', '=', value('organizationId'))
    .where('block', '=', value('block')),
)

/** How many live memberships there are: pending and active. */
export async function count(ctx: Context, organizationId: string): Promise<number> {
  const [all] = await membersOf(ctx, { organizationId, block: ALL })
  return all?.members ?? 0
}

const inOrder = prepared<{ organizationId: string }, { block: number; members: number }>((db, value) =>
  db
    .selectFrom('aftership_membership_blocks')
    .select(['block', 'members'])
    .where('organization_id', '=', value('organizationId'))
    .where('block', '>', ALL)
    .orderBy('block'),
)

/**
 * Where the live membership with `offset` others before it is: `skip` rows after position `start`, or nowhere. No more
 * than a block is ever skipped, so the first block's worth need not be looked up.
 */
export async function placeOf(
  ctx: Context,
  organizationId: string,
  offset: number,
): Promise<{ start: number; skip: number } | undefined> {
  if (offset < BLOCK_SIZE) return { start: 0, skip: offset }
  let skip = offset
  for (const { block, members } of await inOrder(ctx, { organizationId })) {
    if (skip < members) return { start: block * BLOCK_SIZE, skip }
    skip -= members
  }
  return undefined
}

const addMembers = preparedChange<{ organizationId: string; block: number; members: number }, never>((db, value) => {
  const [organization_id, members] = [value('organizationId'), value('members')]
  return db
    .insertInto('aftership_membership_blocks')
    .values([
      { organization_id, block: value('block'), members },
      { organization_id, block: ALL, members },
    ])
    .onConflict(conflict =>
      conflict
        .columns(['organization_id', 'block'])
        .doUpdateSet({ members: sql`aftership_membership_blocks.members + excluded.members` }),
    )
})

/** Counts one more, or one less, at a position. */
export async function add(
  tx: Context,
  { organizationId, position }: { organizationId: string; position: number },
  members: 1 | -1,
): Promise<void> {
  await addMembers(tx, { organizationId, block: Math.floor(position / BLOCK_SIZE), members })
}

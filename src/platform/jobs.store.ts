import type { Context } from './context.ts'

interface JobTable {
  name: string
  /** Whose run is under way; null between runs. */
  claim: string | null
  /** When that claim counts no more. */
  claimed_until: string | null
  /** When the next run is due. */
  due_at: string
}

declare module './db/database.ts' {
  interface Database {
    jobs: JobTable
  }
}

export function find(ctx: Context, name: string): Promise<JobTable | undefined> {
  return ctx.db.selectFrom('jobs').selectAll().where('name', '=', name).executeTakeFirst()
}

/** Makes a job known, due at once; does nothing where it is known. */
export async function insert(ctx: Context, name: string, now: string): Promise<void> {
  await ctx.db
    .insertInto('jobs')
    .values({ name, claim: null, claimed_until: null, due_at: now })
    .onConflict(conflict => conflict.doNothing())
    .execute()
}

/**
 * Claims a job that is due and that nobody has; false for any other. Later than `dueMax` it cannot have been put off: a
 * clock was wrong then, and it is due.
 */
export async function claim(
  ctx: Context,
  name: string,
  values: { claim: string; claimed_until: string },
  now: string,
  dueMax: string,
): Promise<boolean> {
  const { numUpdatedRows } = await ctx.db
    .updateTable('jobs')
    .set(values)
    .where('name', '=', name)
    .where(eb => eb.or([eb('due_at', '<=', now), eb('due_at', '>', dueMax)]))
    .where(eb => eb.or([eb('claimed_until', 'is', null), eb('claimed_until', '<=', now)]))
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

/** Changes a job that this claim still has; false when it is another's by now. */
export async function update(
  ctx: Context,
  name: string,
  claim: string,
  values: Partial<Omit<JobTable, 'name'>>,
): Promise<boolean> {
  const { numUpdatedRows } = await ctx.db
    .updateTable('jobs')
    .set(values)
    .where('name', '=', name)
    .where('claim', '=', claim)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

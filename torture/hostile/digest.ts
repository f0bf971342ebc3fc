// A store by its contents: of each table a digest, so that one that a refused request changed is seen.

import { createHash } from 'node:crypto'
import { type Kysely, sql } from 'kysely'

/** What changes by itself, or by being refused: marks of last uses, counters, and what jobs do in the background. */
const LEFT_OUT: Record<string, readonly string[] | 'whole'> = {
  // The last use is noted for each request that a key opens.
  credentials: ['last_used_at'],
  // Sealing follows the events.
  event_seals: 'whole',
  event_chains: 'whole',
  event_watermarks: 'whole',
  jobs: 'whole',
  // Counters of limits.
  rate_windows: 'whole',
  rate_buckets: 'whole',
  // A wrong code is counted; the fifth voids it.
  memberstack_codes: 'whole',
  // Sending goes on in the background; what is queued, and for whom, may not change.
  webhook_deliveries: ['status', 'attempts', 'due_at', 'claim', 'updated_at', 'completed_at'],
  webhook_attempts: 'whole',
  webhook_endpoints: ['last_success_at', 'disabled_at', 'updated_at'],
  mails: ['status', 'attempts', 'next_attempt_at', 'claim', 'last_error', 'sent_at'],
  // A job makes the first one.
  memberstack_signing_keys: 'whole',
}

export type Digests = Record<string, string>

// A database of whatever tables.
// biome-ignore lint/suspicious/noExplicitAny: the store's own type knows its tables, and we know none of them
export type AnyDatabase = Kysely<any>

/** One digest a table, over rows in whatever order. */
export async function digestsOf(db: AnyDatabase): Promise<Digests> {
  const digests: Digests = {}
  for (const table of await tablesIn(db)) {
    const without = LEFT_OUT[table] ?? []
    if (without === 'whole') continue
    const { rows } = await sql<Record<string, unknown>>`select * from ${sql.ref(table)}`.execute(db)
    // Added up, so that no order counts.
    let sum = 0n
    for (const row of rows) {
      for (const column of without) delete row[column]
      const hash = createHash('md5')
        .update(JSON.stringify(Object.entries(row).sort()))
        .digest()
      sum += hash.readBigUInt64LE()
    }
    digests[table] = `${rows.length} rows, ${sum}`
  }
  return digests
}

/** The tables that differ. */
export function differing(before: Digests, after: Digests): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...names].filter(name => before[name] !== after[name])
}

async function tablesIn(db: AnyDatabase): Promise<string[]> {
  const tables = await db.introspection.getTables()
  return tables.filter(({ isView }) => !isView).map(({ name }) => name)
}

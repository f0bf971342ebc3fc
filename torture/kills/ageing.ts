// Time goes by while nobody works on the store: leases end, retries fall due, and so do jobs, some invitations expire, and
// the retention time of some of what was deleted is over.

import type { Load } from './load.ts'
import type { Store } from './stores.ts'

const PAST = "'2020-01-01T00:00:00.000Z'"
const TO_EXPIRE = 4
const TO_PURGE = 6

/** Leases and retries: whatever was under way at a death is due. */
const DUE = [
  `update webhook_deliveries set due_at = ${PAST} where due_at is not null`,
  `update mails set next_attempt_at = ${PAST} where status = 'queued'`,
  `update jobs set claim = null, claimed_until = null, due_at = ${PAST}`,
]

/** Call it while every server is down, after `Ledger.compare`. */
export async function passTime(store: Store, { ledger, left, random, findings }: Load): Promise<void> {
  const statements: string[] = []
  const pending = left.filter(found => found.pending !== undefined)
  const deleted = left.filter(found => found.deleted !== undefined)
  const chosen = [...take(pending, TO_EXPIRE), ...take(deleted, TO_PURGE)]
  for (const { pending: id, deleted: gone } of chosen) {
    if (id !== undefined) {
      const [[row] = []] = await store.read(
        `select a.email from aftership_memberships m join aftership_accounts a on a.id = m.account_id where m.id = '${id}'`,
      )
      ledger.expectOf([[`membership ${row?.email}`, 'membership.deleted']])
      statements.push(`update aftership_invitations set expires_at = ${PAST} where membership_id = '${id}'`)
      findings.count('invitations expired')
    }
    if (gone) {
      ledger.expectOf(gone.steps)
      statements.push(`update ${gone.table} set deleted_at = ${PAST} where id = '${gone.id}'`)
      findings.count('deleted things purged')
    }
    left.splice(
      left.findIndex(found => found.pending === id && found.deleted === gone),
      1,
    )
  }
  await store.write(...statements, ...DUE)

  function take<T>(list: T[], most: number): T[] {
    return list.filter(() => random.chance(0.7)).slice(0, most)
  }
}

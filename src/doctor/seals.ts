import type { Kysely } from 'kysely'
import { countOf } from '../platform/count-of.ts'
import type { Database } from '../platform/db/database.ts'
import * as sealing from '../platform/events/seals.store.ts'
import { START, watermarkProof } from '../platform/events/seals.ts'
import { checkOfStore, failure, ok, skipped, warning } from './check.ts'

const COUNT_MAX = 1000
/** A server seals each second. */
const BEHIND_MS = 60_000

/** Whether the seals keep up with the log; whether they are right, `understudy events verify` says. */
export const seals = checkOfStore('event seals', async ({ vault, clock }, db) => {
  if (!vault) return [skipped('they cannot be read without the master key')]
  const mark = await sealing.findWatermark({ db })
  if (mark && mark.proof !== watermarkProof(vault, mark)) {
    return [
      failure('the watermark was changed: nothing is sealed until it is put back', 'run `understudy events verify`'),
    ]
  }
  const waiting = await unsealed(db, (mark ?? START).sequence)
  const [oldest] = waiting
  if (oldest === undefined || clock.now() - Date.parse(oldest) < BEHIND_MS) return [ok('every event is sealed')]
  const found = `${countOf(waiting.length, 'event', COUNT_MAX)} not sealed since ${oldest}`
  return [warning(found, 'start the server; if one runs, its log says why, and `understudy events verify` says more')]
})

/** When the events after this one were written, oldest first. */
async function unsealed(db: Kysely<Database>, after: number): Promise<string[]> {
  const query = db.selectFrom('events').select('created_at').where('sequence', '>', after)
  const rows = await query.orderBy('sequence').limit(COUNT_MAX).execute()
  return rows.map(row => row.created_at)
}

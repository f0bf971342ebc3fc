import type { Kysely } from 'kysely'
import { timestamp } from '../platform/clock.ts'
import { countOf } from '../platform/count-of.ts'
import { STALE_DAYS } from '../platform/credentials/audit.ts'
import type { Database } from '../platform/db/database.ts'
import { checkOfStore, orOk, warning } from './check.ts'

const DAY_MS = 24 * 3600 * 1000
const COUNT_MAX = 1000
const AUDIT = '`understudy keys audit` names them; disable what nobody needs'

/** Keys that work, and that nobody has used for long. */
export const keys = checkOfStore('keys', async ({ clock }, db) => {
  const now = timestamp(clock.now())
  const since = timestamp(clock.now() - STALE_DAYS * DAY_MS)
  const working = workingBefore(db, since, now)
  const [never, stale] = await Promise.all([
    working.where('last_used_at', 'is', null).execute(),
    working.where('last_used_at', '<', since).execute(),
  ])
  const findings = []
  if (never.length > 0) {
    const found = `${countOf(never.length, 'working key', COUNT_MAX)} of ${STALE_DAYS} days and more, never used`
    findings.push(warning(found, AUDIT))
  }
  if (stale.length > 0) {
    const found = `${countOf(stale.length, 'working key', COUNT_MAX)} not used for ${STALE_DAYS} days`
    findings.push(warning(found, AUDIT))
  }
  return orOk(findings, `every working key is new, or was used in the last ${STALE_DAYS} days`)
})

function workingBefore(db: Kysely<Database>, created: string, now: string) {
  return db
    .selectFrom('credentials')
    .select('id')
    .where('created_at', '<', created)
    .where('disabled_at', 'is', null)
    .where(eb => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]))
    .limit(COUNT_MAX)
}

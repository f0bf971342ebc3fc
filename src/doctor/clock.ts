import type { Kysely } from 'kysely'
import { timestamp } from '../platform/clock.ts'
import type { Database } from '../platform/db/database.ts'
import { type Check, type Finding, failure, ok, warning } from './check.ts'
import type { Subject } from './subject.ts'

/** Nodes must agree within a second: docs/decisions/0012-many-nodes.md. */
const APART_MAX_MS = 1000
/** A lease of 30 s is renewed every 10 s by its holder's clock: from here on work is taken from who is at it. */
const APART_FAR_MS = 10_000
const KEEP_IN_STEP = 'let a time service (NTP) keep the clocks of all machines in step'

export const clock: Check = {
  name: 'clock',
  async run(subject) {
    const { clock, store } = subject
    const findings = judgeSteps(clock.now() - subject.monotonicNow())
    let also = ''
    if (store.state === 'ready') {
      findings.push(...(await ahead(subject, store.look.db)))
      const apart = store.look.server && (await apartFrom(subject, store.look.server))
      if (apart !== undefined) findings.push(...judgeApart(apart))
      if (apart !== undefined) also = `, ${apart} ms from the database's`
    }
    return findings.length > 0 ? findings : [ok(`${timestamp(clock.now())}${also}`)]
  },
}

/** In milliseconds: how far the clock was set since this process began. */
export function judgeSteps(ms: number): Finding[] {
  if (Math.abs(ms) < APART_MAX_MS) return []
  return [warning(`the clock was just set by ${ms} ms`, KEEP_IN_STEP)]
}

/** In milliseconds: by how much the clocks of server and database differ. */
export function judgeApart(ms: number): Finding[] {
  const found = `the database's clock is ${ms} ms from ours`
  if (ms >= APART_FAR_MS) return [failure(found, KEEP_IN_STEP)]
  return ms >= APART_MAX_MS ? [warning(found, KEEP_IN_STEP)] : []
}

/** At least: what the question took on its way is taken off. */
async function apartFrom({ clock }: Subject, server: () => Promise<{ now: number }>): Promise<number> {
  const before = clock.now()
  const { now } = await server()
  return Math.max(0, before - now, now - clock.now())
}

/** Nothing that happened is later than now, unless the clock was put back. */
async function ahead({ clock }: Subject, db: Kysely<Database>): Promise<Finding[]> {
  const query = db.selectFrom('events').select('created_at').orderBy('sequence', 'desc').limit(1)
  const last = (await query.executeTakeFirst())?.created_at
  if (last === undefined || Date.parse(last) - clock.now() < APART_MAX_MS) return []
  const found = `the last event is of ${last}, and it is ${timestamp(clock.now())}`
  return [failure(found, `set the clock right, and ${KEEP_IN_STEP}`)]
}

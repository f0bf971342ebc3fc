// What a check is: it looks at one thing, changes nothing, and says what it found.

import type { Kysely } from 'kysely'
import type { Database } from '../platform/db/database.ts'
import type { Subject } from './subject.ts'

/** `skipped`: it could not be looked at, since something else is wrong, which has a line of its own. */
export type Level = 'ok' | 'warning' | 'failure' | 'skipped'

export interface Finding {
  level: Level
  /** What is so. */
  found: string
  /** What to do about it. */
  advice?: string
}

export interface Check {
  name: string
  /** At least one finding. What it throws is a failure. Bounded in time: examine.ts waits no longer. */
  run(subject: Subject): Finding[] | Promise<Finding[]>
}

export const ok = (found: string): Finding => ({ level: 'ok', found })
export const warning = (found: string, advice: string): Finding => ({ level: 'warning', found, advice })
export const failure = (found: string, advice: string): Finding => ({ level: 'failure', found, advice })
export const skipped = (found: string): Finding => ({ level: 'skipped', found })

/** These, or, where there are none, that all is well. */
export function orOk(findings: Finding[], found: string): Finding[] {
  return findings.length > 0 ? findings : [ok(found)]
}

/** A check of what the store holds; skipped where it cannot be read. */
export function checkOfStore(
  name: string,
  run: (subject: Subject, db: Kysely<Database>) => Finding[] | Promise<Finding[]>,
): Check {
  return {
    name,
    run(subject) {
      const { store } = subject
      return store.state === 'ready' ? run(subject, store.look.db) : [skipped('there is no store to look into')]
    },
  }
}

/** What a program or a server of somebody else's says, on one line and without our secrets. */
export function quoted({ secrets }: Pick<Subject, 'secrets'>, error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error)
  const hidden = secrets.reduce((shown, secret) => shown.replaceAll(secret, '***'), text)
  return hidden.replace(/[\p{Cc}\s]+/gu, ' ').slice(0, QUOTED_MAX)
}

const QUOTED_MAX = 300

// What the errors of PostgreSQL, of its driver and of the network between say to whoever asked.

import { DomainError } from '../errors.ts'

const AWAY = 'the database does not answer'
const EXHAUSTED = 'no connection to the database came free in time: it is slow or away, or postgres.poolMax is too low'
const MEND = 'see that it runs and that its URL is right'

/** What a state means for an operator: https://www.postgresql.org/docs/18/errcodes-appendix.html */
const STATES: [state: RegExp, message: string][] = [
  [/^57P0[12]$/, 'the database ended our connection, or is shutting down'],
  [/^57P03$/, 'the database is starting up'],
  [/^08...$/, `${AWAY}; ${MEND}`],
  [/^28...$/, 'the database refuses our user or password; see that its URL is right'],
  [/^3D000$/, 'the database server has no such database; see that its URL is right'],
  [/^25006$/, 'the database takes no writes; see that its URL leads to the primary server'],
  [/^53300$/, 'the database has no connection left; raise its max_connections, or lower postgres.poolMax'],
  [/^53100$/, 'the disk of the database is full; make room there'],
  [/^53...$/, 'the database has run out of memory or of what it may use'],
  [/^58030$/, 'the database cannot read or write its disk; see its log'],
  [/^XX00[12]$/, 'the database is damaged; see its log, and restore the backup'],
  [/^57014$/, 'a statement took longer than postgres.statementTimeoutMs'],
  [/^25P0[34]$/, 'a transaction took longer than the database allows'],
  [/^40P01$/, 'two transactions waited for each other'],
  [/^40...$/, 'the database gave up a transaction for the sake of others'],
  [/^55P03$/, 'a lock was not had within the lock_timeout of the database'],
  [/^57P05$/, 'the database ended our connection, which idled'],
]
const NETWORK =
  /^E(NOENT|ADDRNOTAVAIL|CONNREFUSED|CONNRESET|CONNABORTED|NOTFOUND|PIPE|TIMEDOUT|AI_AGAIN|(NET|HOST)(UNREACH|DOWN))$/
/** What the driver says without a code; the last two when no answer came in time. */
const BROKEN = /^Connection terminated|is not queryable$|^Query read timeout$|^timeout expired$/
const POOL_EXHAUSTED = 'timeout exceeded when trying to connect'

/** A DomainError where the store is away or overloaded; anything else as it is. */
export function told(error: unknown): unknown {
  const message = messageOf(error)
  return message === undefined ? error : new DomainError('unavailable', message, { cause: error })
}

/** Whether a failure to connect says that the database is away; not when it is only full. */
export function isAway(error: unknown): boolean {
  return messageOf(error) !== undefined && codeOf(error) !== '53300'
}

/** Whether a connection takes no writes: it may lead to what was the primary server before. */
export function isCopy(error: unknown): boolean {
  return codeOf(error) === '25006'
}

/** Whether the database said that it takes no changes: it is a copy, or set to read only, or cannot write its disk. */
export function refusesChanges(error: unknown): boolean {
  return /^(25006|53100|58030)$/.test(codeOf(error))
}

/** SQLSTATE 23505. */
export function isPostgresUniqueViolation(error: unknown): boolean {
  return codeOf(error) === '23505'
}

/** SQLSTATE 42P01. */
export function isPostgresMissingTable(error: unknown): boolean {
  return codeOf(error) === '42P01'
}

/** Why the store is away or overloaded, in an operator's words; undefined for any other error. */
export function messageOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const code = codeOf(error)
  const state = STATES.find(([pattern]) => pattern.test(code))
  if (state) return state[1]
  if (NETWORK.test(code)) return `${AWAY} (${code}); ${MEND}`
  if (error.message === POOL_EXHAUSTED) return EXHAUSTED
  return BROKEN.test(error.message) ? `${AWAY}; ${MEND}` : undefined
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

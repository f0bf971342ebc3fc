// The events of a store against the requests that were answered: each event belongs to a request that succeeded, and what
// makes or takes away something has written one.

import { sql } from 'kysely'
import type { Findings } from '../findings.ts'
import type { AnyDatabase } from './digest.ts'

/** A line of the server's log about a request. */
interface Line {
  reqId: string
  vendor: string
  method: string
  route: string
  status: number
}

interface EventRow {
  type: string
  subject: string
  actor: string
  request_id: string | null
}

/** What a reading request may write: that somebody saw every key. */
const READING_EVENTS = ['api_keys.listed']
/** Answers 201 whether it changed something or not (EasyPost), or 204 for what was not there. */
const MAY_BE_SILENT = /^\/v2\/webhooks\/:id$|\/stripe\/:environment$|\/resend-invitation$|\/members\/:id\/plans\/:plan$/
const WITHOUT_REQUEST = /^(system|cli):/

/** Asserts it over everything that was logged so far; `tellOf` says what is known of a request by its id. */
export async function audit(
  db: AnyDatabase,
  log: readonly Record<string, unknown>[],
  { findings, tellOf }: { findings: Findings; tellOf(requestId: string): string },
): Promise<void> {
  const lines = new Map<string, Line>()
  for (const line of log) if (line.msg === 'request') lines.set(String(line.reqId), line as unknown as Line)
  const { rows } = await sql<EventRow>`select type, subject, actor, request_id from events`.execute(db)
  const told = new Set<string>()
  for (const { type, subject, actor, request_id: id } of rows) {
    if (id === null) {
      if (!WITHOUT_REQUEST.test(actor)) findings.fail(`an event names its request: ${type} of ${subject} by ${actor}`)
      continue
    }
    told.add(id)
    const line = lines.get(id)
    const at = `${type} of ${subject}: ${line ? `${line.method} ${line.route} ${line.status}` : 'no request'} ${tellOf(id)}`
    if (!line || line.status >= 400) findings.fail(`only what succeeded has events: ${at}`)
    else if (isReading(line) && !READING_EVENTS.includes(type)) findings.fail(`what reads changes nothing: ${at}`)
  }
  const silent = [...lines.values()].filter(line => mustTell(line) && !told.has(line.reqId))
  for (const { reqId, method, route, status } of silent) {
    findings.fail(`what changes something has an event: ${method} ${route} ${status} ${tellOf(reqId)}`)
  }
  findings.count('events, each of a request that succeeded', rows.length)
}

function isReading({ method }: Line): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS'
}

/** What was made (201), and what was taken away. */
function mustTell({ method, route, status }: Line): boolean {
  if (MAY_BE_SILENT.test(route) || status >= 300) return false
  return status === 201 || method === 'DELETE'
}

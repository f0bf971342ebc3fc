import { type DestinationStream, type Logger, pino } from 'pino'

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'>

/** Field names that hold secrets somewhere; logged by mistake, they come out as `[redacted]`. */
const SECRET_FIELDS = new Set([
  'key',
  'secret',
  'token',
  'password',
  'authorization',
  'cookie',
  'apiKey',
  'accessToken',
  'as-api-key',
  'as-access-token',
  'set-cookie',
])
type Fields = Record<string, unknown>

/** How deep a logged object is looked through. */
const DEPTH_MAX = 3

let stampedMs = Number.NaN
let stamp = ''

/** As `pino.stdTimeFunctions.isoTime`, but written once for all lines of a millisecond. */
function timestamp(): string {
  const now = Date.now()
  if (now !== stampedMs) {
    stampedMs = now
    stamp = `,"time":"${new Date(now).toISOString()}"`
  }
  return stamp
}

/** The process's log: one JSON object a line on stderr, or on `destination`. */
export function createLog(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp,
    formatters: { level: (label: string) => ({ level: label }), log: (fields: Fields) => redacted(fields, DEPTH_MAX) },
  }
  return pino(options, destination ?? pino.destination(2))
}

/** The same fields, or, where one of them is a secret's, a copy without it. Errors are serialised by pino itself. */
function redacted(fields: Fields, depth: number): Fields {
  let copy: Fields | undefined
  for (const [name, value] of Object.entries(fields)) {
    const shown = SECRET_FIELDS.has(name)
      ? '[redacted]'
      : isPlain(value) && depth > 1
        ? redacted(value, depth - 1)
        : value
    if (shown === value) continue
    copy ??= { ...fields }
    copy[name] = shown
  }
  return copy ?? fields
}

function isPlain(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !(value instanceof Error)
}

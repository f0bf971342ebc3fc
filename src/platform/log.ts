import { type DestinationStream, type Logger, pino } from 'pino'

export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'>

/** Field names that hold secrets somewhere; logged by mistake, they come out as `[redacted]`. */
const SECRET_FIELDS = ['key', 'secret', 'token', 'password', 'authorization', 'cookie', 'apiKey', 'accessToken']

/** The process's log: one JSON object a line on stderr, or on `destination`. */
export function createLog(level: string, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: SECRET_FIELDS.flatMap(name => [name, `*.${name}`]), censor: '[redacted]' },
  }
  return pino(options, destination ?? pino.destination(2))
}

import { type DestinationStream, type Logger, pino } from 'pino'
import { systemClock } from './clock.ts'

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

/** A piece of the log: so many characters, or what came in this time. */
const PIECE_MAX = 65_536
const PIECE_EVERY_MS = 250
/** Bytes that are held for whoever reads too slowly. */
const HELD_MAX = 16 * 1024 ** 2

let stampedMs = Number.NaN
let stamp = ''

/** As `pino.stdTimeFunctions.isoTime`, but written once for all lines of a millisecond. */
function timestamp(): string {
  const now = systemClock.now()
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

/**
 * stderr for a server: written in pieces, so that a line waits for a quarter of a second at most, and the server never
 * for whoever reads. Where that is too slow, lines are dropped, and how many is said. The end of the process loses none,
 * but for `kill -9`. `sink` takes the pieces; for tests.
 */
export function stderrInPieces(
  sink: Sink = pino.destination({ fd: 2, sync: false, maxLength: HELD_MAX }),
): DestinationStream {
  let waiting = ''
  let dropped = 0
  let timer: NodeJS.Timeout | undefined
  sink.on('drop', (piece: string) => {
    dropped += piece.split('\n').length - 1
  })
  const pass = () => {
    clearTimeout(timer)
    timer = undefined
    const piece = waiting
    waiting = ''
    const before = dropped
    if (piece !== '') sink.write(piece)
    // Somebody reads again.
    if (dropped === 0 || dropped > before) return
    const lost = dropped
    dropped = 0
    sink.write(
      `{"level":"warn"${timestamp()},"lines":${lost},"msg":"lines of the log were dropped: it is read too slowly"}\n`,
    )
  }
  process.on('exit', () => {
    pass()
    sink.flushSync()
  })
  return {
    write(line) {
      // Joined when it is written: what pino's own buffer does for each line costs more than the line.
      waiting += line
      if (waiting.length >= PIECE_MAX) pass()
      else timer ??= setTimeout(pass, PIECE_EVERY_MS).unref()
    },
  }
}

interface Sink extends DestinationStream {
  on(event: 'drop', listener: (piece: string) => void): unknown
  flushSync(): void
}

/** What the log says of a request that was answered. */
export interface RequestLine {
  reqId: string
  vendor: string
  method: string
  /** The pattern, never the path. */
  route: string
  status: number
  ms: number
  /** Why it was refused; never a secret. */
  code?: string | undefined
  reason?: string | undefined
}

/**
 * Writes the most frequent line by far, as `log.info(line, 'request')` does, at a fifth of its price: none of its fields
 * holds a secret, and none is an object.
 */
export function requestLines(log: Logger): (line: RequestLine) => void {
  const { [pino.symbols.streamSym]: stream } = log as Logger & { [pino.symbols.streamSym]: DestinationStream }
  return line => {
    if (!log.isLevelEnabled('info')) return
    stream.write(`{"level":"info"${timestamp()},${JSON.stringify(line).slice(1, -1)},"msg":"request"}\n`)
  }
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

// What no answer may hold, whoever asked for what: our insides, or a piece of the request where it does harm.

import { INJECTED_HEADER, MARKUP } from './values.ts'
import type { Answer } from './wire.ts'

const INSIDES: [what: string, pattern: RegExp][] = [
  ['a stack trace', /\n\s+at .+:\d+|\bat (async )?[\w.<>]+ \(.+:\d+:\d+\)/],
  [
    'a file path',
    /node_modules|node:internal|file:\/\/\/(?!etc\/passwd)|\/(src|platform|vendors)\/[\w./-]+\.[jt]s\b|\.ts:\d/,
  ],
  [
    'SQL, or an error of a database',
    /SQLITE_|ERR_SQLITE|SqliteError|no such (column|table)|constraint failed|datatype mismatch|unrecognized token|duplicate key value|invalid byte sequence|invalid input syntax|out of range for type|violates (not-null|foreign|unique)|relation "|select .+ from .+ where|insert into "/i,
  ],
  ['an error of the runtime', /TypeError|RangeError|SyntaxError|ReferenceError|Cannot read propert|is not a function/],
]
const BODY_MAX_READ = 200_000

/** What an answer gives away, or reflects; undefined where it does neither. */
export function leakIn({ headers, body }: Answer): string | undefined {
  if (headers[INJECTED_HEADER] !== undefined) return 'a header that the request brought in'
  const text = body.toString('utf8', 0, BODY_MAX_READ)
  const isPage = headers['content-type']?.startsWith('text/html') ?? false
  if (isPage && text.includes(MARKUP)) return 'markup of the request in a page'
  // The documents are about what the server does.
  if (isPage || headers['content-type']?.startsWith('text/plain; version')) return undefined
  return INSIDES.find(([, pattern]) => pattern.test(text))?.[0]
}

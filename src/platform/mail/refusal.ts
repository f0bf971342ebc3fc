// Why a mail server did not take a mail, in words that may be kept, shown and logged.

import { masked } from '../outbound/masked.ts'
import { decoded } from '../outbound/url-parts.ts'

const REASON_MAX = 500
/** Of what a server says this much is looked at. */
const LOOKED_AT_MAX = 8 * REASON_MAX

/** What nodemailer adds to its errors. */
interface SmtpError extends Error {
  /** All that the server answered. */
  response?: string
  /** What was said before: `RCPT TO`, `DATA`, `AUTH PLAIN`. */
  command?: string
}

/** Said before the server knew the text of the mail: all but what signs us in may be repeated. */
const BEFORE_TEXT = /^(CONN|EHLO|HELO|STARTTLS|AUTH\b.*|MAIL FROM|RCPT TO)$/
const STATUS = /^\d{3}(?:[ -]\d\.\d{1,3}\.\d{1,3}\b)?/

/**
 * The error on one line of 500 characters at most, without the password of `url`, the server's. Once the server has the
 * mail's text, only the status of what it answers: the text holds a link or a code, and the answer may quote it.
 */
export function reasonOf(error: unknown, url: string): string {
  if (!(error instanceof Error)) return oneLine(String(error))
  const { message, name, response, command = '' }: SmtpError = error
  const said = (message || name).slice(0, LOOKED_AT_MAX)
  if (response === undefined || BEFORE_TEXT.test(command)) return oneLine(masked(said, secretsIn(url)))
  const [status = 'no status'] = STATUS.exec(response) ?? []
  return `the mail was not taken: ${status} (the rest is left out: it may quote the mail)`
}

/** No store takes U+0000, and a log takes a line. */
function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, REASON_MAX)
}

function secretsIn(text: string): string[] {
  const url = URL.parse(text)
  if (!url) return []
  const [user, password] = [decoded(url.username), decoded(url.password)]
  // The last as `AUTH PLAIN` sends it.
  return password === '' ? [] : [password, url.password, `\0${user}\0${password}`]
}

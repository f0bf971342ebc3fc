// Why a mail server did not take a mail, in words that may be kept, shown and logged.

import { masked } from '../outbound/masked.ts'

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
 * The error without the password of `url`, the server's. Once the server has the mail's text, only the status of what it
 * answers: the text holds a link or a code, and the answer may quote it.
 */
export function saidAgainst(error: unknown, url: string): string {
  if (!(error instanceof Error)) return String(error)
  const { message, response, command = '' }: SmtpError = error
  if (response === undefined || BEFORE_TEXT.test(command)) return masked(message, secretsIn(url))
  const [status = 'no status'] = STATUS.exec(response) ?? []
  return `the mail was not taken: ${status} (the rest is left out: it may quote the mail)`
}

function secretsIn(text: string): string[] {
  const url = URL.parse(text)
  if (!url) return []
  const [user, password] = [decoded(url.username), decoded(url.password)]
  // The last as `AUTH PLAIN` sends it.
  return password === '' ? [] : [password, url.password, `\0${user}\0${password}`]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

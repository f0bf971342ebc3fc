// Why a mail did not leave, in words that may be kept and logged. A mail server's own often repeat what it was told: the
// password that it refuses, the link for which it takes a mail for spam.

const REASON_MAX = 500
/** Of what a server says this much is looked at. */
const LOOKED_AT_MAX = 8 * REASON_MAX
/** As long as a code, or as the piece of a link that a line's end cuts off; what is shorter gives nothing away. */
const WORD = /[\w-]{6,}/g
/** Words of a mail that are no language: codes have digits, links have long words. */
const SECRET_WORD = /\d|.{16}/

/** The reason on one line, no longer than 500 characters, without these secrets and what is secret in this text. */
export function reasonOf(error: unknown, secrets: readonly string[], text: string): string {
  const said = (error instanceof Error ? error.message || error.name : String(error)).slice(0, LOOKED_AT_MAX)
  const hidden = secrets.reduce((shown, secret) => shown.replaceAll(secret, '***'), said)
  const words = [...text.matchAll(WORD)].map(([word]) => word).filter(word => SECRET_WORD.test(word))
  const isSecret = (word: string) => words.some(secret => secret.includes(word) || word.includes(secret))
  // No store takes U+0000.
  return hidden
    .replace(WORD, word => (isSecret(word) ? '***' : word))
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, REASON_MAX)
}

/** A URL's password, and the forms in which SMTP carries it. */
export function secretsIn(smtpUrl: string): string[] {
  const { username, password } = new URL(smtpUrl)
  if (password === '') return []
  const [user, secret] = [decoded(username), decoded(password)]
  // The longer one first: it may end with the other.
  const base64 = [`\0${user}\0${secret}`, secret].map(part => Buffer.from(part).toString('base64'))
  return [...new Set([...base64, secret, password])]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

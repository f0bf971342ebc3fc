// What somebody else answered, without what they were told in confidence: who is sent a secret may say it back, and
// answers are kept, shown and logged.

const HIDDEN = '***'
/** What is shorter stands in many texts by chance, and protects nothing. */
const LENGTH_MIN = 6

/** The text with `***` for each of these secrets, as it is or as it is usually written; one cut off by the end too. */
export function masked(text: string, secrets: readonly string[]): string {
  const written = [...new Set(secrets.flatMap(formsOf))].filter(form => form.length >= LENGTH_MIN)
  // The longest first: one may hold another.
  const forms = written.toSorted((one, other) => other.length - one.length)
  return withoutEnd(
    forms.reduce((shown, form) => shown.replaceAll(form, HIDDEN), text),
    forms,
  )
}

function formsOf(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1)
  return [secret, json, encodeURIComponent(secret.toWellFormed()), Buffer.from(secret).toString('base64')]
}

function withoutEnd(text: string, forms: readonly string[]): string {
  for (const form of forms) {
    for (let length = form.length - 1; length >= LENGTH_MIN; length--) {
      if (text.endsWith(form.slice(0, length))) return `${text.slice(0, -length)}${HIDDEN}`
    }
  }
  return text
}

/** How emails are compared everywhere: trimmed, without case. What is shown stays as it was given. */
export function emailKey(email: string): string {
  return email.trim().toLowerCase()
}

/** `local@domain`, one `@`, no blanks inside: what vendors and the control API take for an email. */
export const EMAIL_PATTERN = '^\\s*[^\\s@]+@[^\\s@]+\\s*$'
export const EMAIL_MAX = 254

/**
 * Whether this is a name as fields and settings have them, mistyped or not. What else stands in the place of one may be a
 * key or a password that slipped: refusals do not repeat it.
 */
export function isPlainName(name: unknown): boolean {
  return typeof name === 'string' && /^[A-Za-z_-]{1,40}$/.test(name)
}

/**
 * Whether every text in a JSON value can be kept as it is: not every store keeps a null character, and half a surrogate
 * pair is no text.
 */
export function isStorable(value: unknown): boolean {
  let level = [value]
  while (level.length > 0) {
    const next: unknown[] = []
    for (const item of level) {
      if (typeof item === 'string' && !isStorableText(item)) return false
      if (typeof item !== 'object' || item === null) continue
      for (const [key, inner] of Object.entries(item)) next.push(key, inner)
    }
    level = next
  }
  return true
}

export function isStorableText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

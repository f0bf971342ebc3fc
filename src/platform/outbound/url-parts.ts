// Parts of URLs that somebody wrote: names, passwords, segments.

/** What a part means, without its percent-encoding; the part as it stands, where that is broken. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

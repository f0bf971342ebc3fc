/** `1 mail`, `2 mails`; `LIMIT or more` where so many were counted and no further. */
export function countOf(count: number, noun: string, limit = Number.POSITIVE_INFINITY): string {
  return `${count}${count >= limit ? ' or more' : ''} ${noun}${count === 1 ? '' : 's'}`
}

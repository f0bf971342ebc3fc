// Whether two answers are the same to whoever asked, but for what each asked for and what differs from one request to the
// next anyway.

import type { Answer } from './wire.ts'

/** New with each answer. */
const OWN_HEADERS = [
  'date',
  'as-trace-id',
  'x-ep-request-uuid',
  'x-request-id',
  'x-runtime',
  'connection',
  'keep-alive',
]
const COUNTERS = /^(x-)?ratelimit-(remaining|reset)$/

/** What differs between the answer to a request for `foreign` and that for `madeUp`; undefined where nothing does. */
export function difference(
  [one, foreign]: [answer: Answer, word: string],
  [other, madeUp]: [answer: Answer, word: string],
): string | undefined {
  const [left, right] = [comparable(one, foreign), comparable(other, madeUp)]
  return left === right ? undefined : `${left} instead of ${right}`
}

function comparable({ status, headers, text }: Answer, word: string): string {
  const shown = Object.entries(headers)
    .filter(([name]) => !OWN_HEADERS.includes(name))
    .map(([name, value]) => `${name}: ${COUNTERS.test(name) ? '#' : value}`)
    .sort()
  const whole = [status, ...shown, text.replace(/"requestId":"[0-9a-f]{32}"/, '"requestId":"#"')].join('\n')
  return [word, encodeURIComponent(word)].reduce((rest, sent) => rest.replaceAll(sent, '<asked>'), whole)
}

// What the load came to, as a section of a page.

import type { Steadiness } from './steadiness.ts'

export interface Results {
  seconds: number
  /** Requests a second that the server can answer. */
  capacity: number
  /** The same, after the load. */
  capacityAfterwards: number
  /** Requests a second that were offered. */
  offered: number
  requests: number
  errors: number
  deliveries: number
  steadiness: Steadiness
  /** With the steps that were left out. */
  worstMinuteOfAllMs: number
}

/** A table, and the picture beside it. */
export function markdownOf(results: Results, picture: string): string {
  const { seconds, capacity, capacityAfterwards, offered, requests, errors, deliveries } = results
  const { p50Ms, p99Ms, rssMiB, leftOut } = results.steadiness
  const rows = [
    ['what', 'value'],
    ['---', '---:'],
    ['capacity before, and afterwards, requests a second', `${whole(capacity)}, ${whole(capacityAfterwards)}`],
    [`offered for ${whole(seconds)} s, requests a second`, whole(offered)],
    ['requests', whole(requests)],
    ['errors', whole(errors)],
    ['webhooks delivered', whole(deliveries)],
    ['p50 in the first quarter, in the last', `${ms(p50Ms.first)}, ${ms(p50Ms.last)} ms`],
    ['p99 in the first quarter, in the last', `${ms(p99Ms.first)}, ${ms(p99Ms.last)} ms`],
    ['p99 of the median step, of the worst minute', `${ms(p99Ms.medianStep)}, ${ms(p99Ms.worstMinute)} ms`],
    ['steps in which the host kept the processor, and that p99 leaves out', `${leftOut.steps} of ${leftOut.of}`],
    ['p99 of the worst minute with them', `${ms(results.worstMinuteOfAllMs)} ms`],
    ['RSS, the least of the second quarter, of the last', `${whole(rssMiB.second)}, ${whole(rssMiB.last)} MiB`],
  ]
  return [...rows.map(cells => `| ${cells.join(' | ')} |`), '', picture].join('\n')
}

function whole(value: number): string {
  return Number.isNaN(value) ? '?' : Math.round(value).toLocaleString('en')
}

function ms(value: number): string {
  return Number.isNaN(value) ? '?' : value.toFixed(1)
}

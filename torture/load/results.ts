// What the load came to, as a section of a page.

import { capacityOf, type Usage, usedShareOf } from './capacity.ts'
import type { Steadiness } from './steadiness.ts'
import type { Stolen } from './stolen.ts'

export interface Results extends Usage {
  /** Requests a second that clients got who wait for each other. */
  most: number
  /** How many requests, arriving at random, fill a second of the core, as it was found before the load. */
  capacity: number
  errors: number
  deliveries: number
  steadiness: Steadiness
}

/** In words. */
export function takenBy(stolen: Stolen | undefined): string {
  return stolen ? `${percent(stolen.mean)} in all, ${percent(stolen.worst)} in the worst step` : 'not known'
}

/** A table, and the picture beside it. */
export function markdownOf(results: Results, picture: string): string {
  const { seconds, most, capacity, requests, errors, deliveries } = results
  const { p50Ms, p99Ms, rssMiB } = results.steadiness
  const rows = [
    ['what', 'value'],
    ['---', '---:'],
    ['taken of 64 clients who wait for their answers, requests a second', whole(most)],
    [
      'capacity of the core before, and by the load itself, requests a second',
      `${whole(capacity)}, ${whole(capacityOf(results))}`,
    ],
    [`offered for ${whole(seconds)} s, requests a second`, whole(requests / seconds)],
    ['requests', whole(requests)],
    ['errors', whole(errors)],
    ['webhooks delivered', whole(deliveries)],
    ['p50 in the first quarter, in the last', `${ms(p50Ms.first)}, ${ms(p50Ms.last)} ms`],
    ['p99 in the first quarter, in the last', `${ms(p99Ms.first)}, ${ms(p99Ms.last)} ms`],
    ['p99 of the median step, of the worst minute', `${ms(p99Ms.medianStep)}, ${ms(p99Ms.worstMinute)} ms`],
    ['the host took of the core', takenBy(results.stolen)],
    ['of the rest the server used', percent(usedShareOf(results))],
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

/** Of a share from 0 to 1. */
export function percent(share: number): string {
  return Number.isNaN(share) ? 'not known' : `${(share * 100).toFixed(1)} %`
}

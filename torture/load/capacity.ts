// How much a server can do, by what it does under less.

import type { Stolen } from './stolen.ts'

/** What became of the server's core under so many requests a second, arriving at random; shares of its time, from 0 to 1. */
export interface Usage {
  perSecond: number
  /** By the server, its webhooks included; NaN where that is not known. */
  used: number
  stolen: Stolen | undefined
}

/** How many a second would have filled the core, but for what the host took of it; NaN where it is not known what was used. */
export function capacityOf({ perSecond, used, stolen }: Usage): number {
  return (perSecond / used) * (1 - (stolen?.mean ?? 0))
}

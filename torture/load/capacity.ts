// How much a server can do, by what it does under less.

import type { Stolen } from './stolen.ts'

/** What requests that arrive at random made of the server's core. */
export interface Usage {
  requests: number
  seconds: number
  /** Seconds of the core's time that the server used, for its webhooks too; NaN where that is not known. */
  usedS: number
  stolen: Stolen | undefined
}

/** How many requests fill a second of the core; NaN where it is not known what was used. */
export function capacityOf({ requests, usedS }: Usage): number {
  return requests / usedS
}

/** The share that the server used of what the host gave of the core, from 0 to 1; NaN where that is not known. */
export function usedShareOf({ seconds, usedS, stolen }: Usage): number {
  return stolen ? usedS / (seconds * (1 - stolen.mean)) : Number.NaN
}

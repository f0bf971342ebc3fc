import type { Clock } from './clock.ts'
import type { Log } from './log.ts'
import { FixedWindow } from './rate-limit/fixed-window.ts'

/** A mistake that the vendor's API invites: answered as the contract says, and reported where the operator looks. */
export type Traps = (name: string, fields: TrapFields) => void

interface TrapFields {
  vendor: string
  tenant?: string
  requestId?: string | undefined
  /** The route's pattern. */
  route?: string | undefined
  /** For so long after the log has said it of this caller it is counted, and not logged again. Each node has its log. */
  quiet?: { caller: string; forMs: number }
}

/** Reports each trap as one structured log line whose `trap` field is its name; `count` feeds the metrics. */
export function createTraps(clock: Clock, log: Log, count: (vendor: string, name: string) => void): Traps {
  const said = new FixedWindow(clock)
  return (name, { quiet, ...fields }) => {
    count(fields.vendor, name)
    const isNew = !quiet || said.take(`${fields.vendor}:${name}:${quiet.caller}`, 1, quiet.forMs).allowed
    if (isNew) log.warn({ trap: name, ...fields }, `trap: ${name}`)
  }
}

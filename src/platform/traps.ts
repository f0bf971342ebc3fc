import type { Log } from './log.ts'

/** A mistake that the vendor's API invites: answered as the contract says, and reported where the operator looks. */
export type Traps = (name: string, fields: TrapFields) => void

interface TrapFields {
  vendor: string
  tenant?: string
  requestId?: string | undefined
  /** The route's pattern. */
  route?: string | undefined
  /** Counted, and not logged: the log has said it already. */
  quiet?: boolean
}

/** Reports each trap as one structured log line whose `trap` field is its name; `count` feeds the metrics. */
export function createTraps(log: Log, count: (vendor: string, name: string) => void): Traps {
  return (name, { quiet = false, ...fields }) => {
    count(fields.vendor, name)
    if (!quiet) log.warn({ trap: name, ...fields }, `trap: ${name}`)
  }
}

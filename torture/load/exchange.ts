// One request of the load with what must come back. All that the mixed load sends is one of these.

import type { Reply } from '../../bench/connection.ts'

export interface Exchange {
  /** What it is, as in the table of the mix. */
  name: string
  bytes: Buffer
  status: number
  /** What the answer must hold too. */
  holds?: string
  /** What the load has to know of an answer that came as expected. */
  learn?(reply: Reply): void
}

/** Throws, saying what came in place of what was expected. */
export function check({ name, bytes, status, holds, learn }: Exchange, reply: Reply): void {
  const text = () => reply.body.toString('utf8', 0, 300)
  const asked = `${name}: ${lineOf(bytes)}`
  if (reply.status !== status) throw new Error(`${asked} was answered with ${reply.status}, not ${status}: ${text()}`)
  if (holds !== undefined && !reply.body.includes(holds)) throw new Error(`${asked} lacks ${holds}: ${text()}`)
  learn?.(reply)
}

/** The body of an answer of known length. */
export function jsonOf<T>(reply: Reply): T {
  return JSON.parse(reply.body.toString()) as T
}

function lineOf(bytes: Buffer): string {
  return bytes.toString('latin1', 0, bytes.indexOf('\r\n'))
}

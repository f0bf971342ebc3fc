// As many requests as the server takes: each client sends its next one as soon as it has its answer. That is how much it
// can do, and no measure of how long anybody waits.

import type { Clients } from './clients.ts'
import type { Exchange } from './exchange.ts'

export interface ClosedLoop {
  clients: number
  /** The next request; undefined when there are no more. */
  next(): Exchange | undefined
  seconds: number
  fail(error: Error): void
}

/** Returns how many were answered as expected, and in how many seconds. */
export async function closedLoop(
  sender: Clients,
  { clients, next, seconds, fail }: ClosedLoop,
): Promise<{ answered: number; seconds: number }> {
  const startedAt = performance.now()
  const end = startedAt + seconds * 1000
  let answered = 0
  const client = async () => {
    for (let exchange = next(); exchange && performance.now() < end; exchange = next()) {
      await sender.send(exchange).then(() => void answered++, fail)
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  return { answered, seconds: (performance.now() - startedAt) / 1000 }
}

// Load on a server: many connections, one request at a time on each.

import { Connection, expect } from './connection.ts'

export interface Load {
  connections: number
  /** The next request on any of the connections; undefined when there is none left. */
  next(): Buffer | undefined
  /** What every answer's status must be. */
  status: number
}

export interface Loaded {
  answered: number
  seconds: number
  /** Milliseconds from each request to its answer. */
  times: number[]
}

/** Loads the server at `url` for `seconds`, or until there are no more requests. Throws on any other status. */
export async function load(url: string, { connections, next, status }: Load, seconds: number): Promise<Loaded> {
  const times: number[] = []
  const opened = await Promise.all(Array.from({ length: connections }, () => Connection.open(url)))
  const startedAt = performance.now()
  const end = startedAt + seconds * 1000
  const worker = async (connection: Connection) => {
    let sentAt = performance.now()
    for (let bytes = next(); bytes && sentAt < end; bytes = next()) {
      await expect(status, connection, bytes)
      const now = performance.now()
      times.push(now - sentAt)
      sentAt = now
    }
  }
  try {
    await Promise.all(opened.map(worker))
    return { answered: times.length, seconds: (performance.now() - startedAt) / 1000, times }
  } finally {
    for (const connection of opened) connection.close()
  }
}

/** Goes through `requests` over and over. */
export function inCircles(requests: readonly Buffer[]): () => Buffer | undefined {
  let sent = 0
  return () => requests[sent++ % requests.length]
}

// COPY, PostgreSQL's way to hand over whole tables, which the driver leaves to whoever extends its queries.

import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import pg from 'pg'

/** What a query sends while PostgreSQL waits for rows; the driver has it, its types do not say so. */
interface CopyConnection {
  readonly stream: Duplex
  sendCopyFromChunk(chunk: Uint8Array): void
  endCopyFrom(): void
  sendCopyFail(reason: string): void
}

/** Runs `copy … from stdin` with what `chunks` gives, which is made as fast as it is taken. Throws what either throws. */
export async function copyIn(client: pg.Client, statement: string, chunks: Iterable<Uint8Array>): Promise<void> {
  let failed: unknown
  const done = Promise.withResolvers<void>()
  const query = new CopyIn(statement, error => {
    query.ended = true
    if (failed ?? error) done.reject(failed ?? error)
    else done.resolve()
  })
  query.send = async connection => {
    try {
      for (const chunk of chunks) {
        if (query.ended) return
        connection.sendCopyFromChunk(chunk)
        if (connection.stream.writableNeedDrain) await once(connection.stream, 'drain')
      }
      connection.endCopyFrom()
    } catch (error) {
      failed = error
      connection.sendCopyFail('the rows cannot be read to their end')
    }
  }
  client.query(query)
  await done.promise
}

/** Runs `copy … to stdout`, and hands over each row as it comes. Returns how many there were. Throws what `take` throws. */
export function copyOut(client: pg.Client, statement: string, take: (row: Uint8Array) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    let failed: unknown
    const query = new CopyOut(statement, (error, result) => {
      if (failed ?? error) reject(failed ?? error)
      else resolve(result.rowCount ?? 0)
    })
    // Whatever is thrown here would be nobody's; the rows that are still to come go by.
    query.take = row => {
      if (failed) return
      try {
        take(row)
      } catch (error) {
        failed = error
      }
    }
    client.query(query)
  })
}

class CopyIn extends pg.Query {
  ended = false
  send: (connection: CopyConnection) => Promise<void> = async () => {}

  /** PostgreSQL waits for rows. */
  handleCopyInResponse(connection: CopyConnection): void {
    void this.send(connection)
  }
}

class CopyOut extends pg.Query {
  take: (row: Uint8Array) => void = () => {}

  handleCopyData({ chunk }: { chunk: Uint8Array }): void {
    this.take(chunk)
  }
}

// Ports for servers that go down and come back: the system gives them to nobody meanwhile.

import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

/** Below those that systems give to whoever asks for any: Linux from 32768 on, others from 49152. */
const LOWEST = 20_000
const END = 32_768
const ATTEMPTS = 100

/** Given out so far, whether or not somebody listens there just now. */
const given = new Set<number>()

/** A port of loopback at which nobody listens; it stays free until somebody names it. Rejects where none is found. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = randomInt(LOWEST, END)
    if (given.has(port) || !(await isFree(port))) continue
    given.add(port)
    return port
  }
  throw new Error(`no free port was found from ${LOWEST} to ${END - 1}`)
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const probe = createServer().on('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}

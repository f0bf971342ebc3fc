// What a server with the world in it is to the tenants.

import type { Send } from './wire.ts'

/** A server with the world in it. */
export interface Host {
  send: Send
  now(): number
  /** Time goes on. */
  pass(ms: number): Promise<unknown>
  /** Sends what waits, where that does not happen by itself. */
  settle(): Promise<void>
  /** All that the server has logged. */
  log(): string[]
}

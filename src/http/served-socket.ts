import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** A connection, with the answer that is under way on it, and the request that is being read, which the runtime keeps there. */
export type ServedSocket = Socket & {
  _httpMessage?: ServerResponse<IncomingMessage> | null
  parser?: { incoming?: IncomingMessage | null } | null
}

// How a route of the client API says what it is: for the scope's checks, and for the documentation.

import { ErrorReply, signedBy } from '../schema.ts'
import type { RouteNeeds } from '../scope.ts'

/** Options of a route; `tag` is its heading in the documentation. */
export function route(summary: string, tag: string, input: object, reply: object, needs: RouteNeeds = {}) {
  const security = needs.member ? signedBy.member : signedBy.key
  return {
    config: { memberstack: needs },
    schema: { tags: [tag], summary, security, ...input, response: { 200: reply, '4xx': ErrorReply } },
  }
}

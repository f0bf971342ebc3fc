// How a route of the client API says what it is: for the scope's checks, and for the documentation.

import { ErrorReply } from '../schema.ts'
import type { RouteNeeds } from '../scope.ts'

/** Options of a route; `tag` is its heading in the documentation. */
export function route(summary: string, tag: string, input: object, reply: object, needs: RouteNeeds = {}) {
  return {
    config: { memberstack: needs },
    schema: { tags: [tag], summary, ...input, response: { 200: reply, '4xx': ErrorReply } },
  }
}

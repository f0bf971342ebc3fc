// How a route says what it is: for the scope's checks, and for the documentation.

import type { RouteAccess } from './access.ts'
import { ErrorReply } from './schema.ts'

interface RouteConfig {
  /** What a test key may do here. */
  access: RouteAccess
  /** Whether it counts as a list: contract section 13. */
  list: boolean
}

/** Options of a route; `tag` is its heading in the documentation. */
export function route(
  summary: string,
  { tag, access, list = false }: { tag: string; access: RouteAccess; list?: boolean },
  input: object,
  replies: object,
): { config: { easypost: RouteConfig }; schema: object } {
  return {
    config: { easypost: { access, list } },
    schema: { tags: [tag], summary, ...input, response: { ...replies, '4xx': ErrorReply } },
  }
}

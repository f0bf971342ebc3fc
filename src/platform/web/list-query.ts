// How every list of the control API is paged: `?limit=&after=`, answered as `{data, next}`.

import { type Static, type TSchema, Type } from 'typebox'
import type { Page, PageQuery } from '../db/keyset.ts'

const LIMIT_DEFAULT = 50
const LIMIT_MAX = 200

export const ListQuery = {
  limit: Type.Optional(
    Type.String({
      pattern: '^[1-9]\\d{0,8}$',
      description: `Page size, ${LIMIT_DEFAULT} by default, at most ${LIMIT_MAX}.`,
    }),
  ),
  after: Type.Optional(Type.String({ maxLength: 500, description: 'The `next` of the page before.' })),
}

const ListQueryObject = Type.Object(ListQuery)

export function pageQuery(query: Static<typeof ListQueryObject>): PageQuery {
  return { limit: Math.min(Number(query.limit ?? LIMIT_DEFAULT), LIMIT_MAX), after: query.after }
}

/** The reply schema of a list. */
export function listOf<T extends TSchema>(item: T) {
  return Type.Object({
    data: Type.Array(item),
    next: Type.Union([Type.String(), Type.Null()], { description: 'Cursor of the next page; null on the last.' }),
  })
}

export function listReply<T, U>(page: Page<T>, itemOf: (item: T) => U): { data: U[]; next: string | null } {
  return { data: page.items.map(itemOf), next: page.next }
}

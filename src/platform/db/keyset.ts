// Keyset paging by creation: a page is found by the last row's place, never by counting.

import { DomainError } from '../errors.ts'

/** A row's place in creation order. */
export interface Place {
  createdAt: string
  id: string
}

export interface PageQuery {
  /** The `next` of the page before; nothing for the first page. */
  after?: string | undefined
  limit: number
}

export interface Page<T> {
  items: T[]
  /** Cursor of the next page, or null on the last one. */
  next: string | null
}

export const START: Place = { createdAt: '', id: '' }

/** Reads a cursor made by `pageOf`; the start when there is none. Throws `invalid` on anything else. */
export function placeOf(after: string | undefined): Place {
  if (after === undefined) return START
  const [createdAt, id, ...rest] = Buffer.from(after, 'base64url').toString().split(' ')
  if (!createdAt || !id || rest.length > 0) {
    throw new DomainError('invalid', 'this is not a cursor', { issues: [{ path: 'after', problem: 'invalid' }] })
  }
  return { createdAt, id }
}

/** A page of `limit` from up to `limit + 1` rows; the extra row only tells that there is a next page. */
export function pageOf<T extends Place>(rows: T[], limit: number): Page<T> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  const more = rows.length > limit && last !== undefined
  return { items, next: more ? Buffer.from(`${last.createdAt} ${last.id}`).toString('base64url') : null }
}

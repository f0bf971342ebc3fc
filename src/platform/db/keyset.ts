// Keyset paging: a page is found by the last row's place, never by counting. A place is a number that grows with each
// row, or, where a table has none, the time of creation and the id.

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

const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

export const START: Place = { createdAt: '', id: '' }

/** Reads a cursor made by `pageOf`; the start when there is none. Throws `invalid` on anything else. */
export function placeOf(after: string | undefined): Place {
  if (after === undefined) return START
  const [createdAt, id, ...rest] = Buffer.from(after, 'base64url').toString().split(' ')
  if (!createdAt || !TIMESTAMP.test(createdAt) || !id || rest.length > 0) throw notACursor()
  return { createdAt, id }
}

/** A page of `limit` from up to `limit + 1` rows; the extra row only tells that there is a next page. */
export function pageOf<T extends Place>(rows: T[], limit: number): Page<T> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  const more = rows.length > limit && last !== undefined
  return { items, next: more ? Buffer.from(`${last.createdAt} ${last.id}`).toString('base64url') : null }
}

/** Reads a cursor made by `pageByNumber`; `start` when there is none. Throws `invalid` on anything else. */
export function numberOf(after: string | undefined, start: number): number {
  if (after === undefined) return start
  if (!/^\d{1,15}$/.test(after)) throw notACursor()
  return Number(after)
}

/** As `pageOf`, for rows that are placed by a number. */
export function pageByNumber<T>(rows: T[], limit: number, placeOfRow: (row: T) => number): Page<T> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  const more = rows.length > limit && last !== undefined
  return { items, next: more ? String(placeOfRow(last)) : null }
}

function notACursor(): DomainError {
  return new DomainError('invalid', 'this is not a cursor', { issues: [{ path: 'after', problem: 'invalid' }] })
}

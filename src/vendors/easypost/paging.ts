// Wire cursors: contract section 6. A cursor is the id of a row and speaks about creation: `after_id` is newer than it,
// `before_id` older, on every list. A list has an order of its own in which each page is shown.

import { unprocessable } from './errors.ts'

const PAGE_SIZE_DEFAULT = 20
const PAGE_SIZE_MAX = 100

export type Order = 'oldestFirst' | 'newestFirst'
type Direction = 'older' | 'newer'

export interface CursorRequest {
  pageSize: number
  /** The id of the row that the page begins beside; nothing for the first page. */
  cursor: string | undefined
  direction: Direction
}

type Query = Readonly<Record<string, unknown>>

/** Reads `page_size` (clamped, never refused) and the cursor. Throws `UNPROCESSABLE_ENTITY` when both are given. */
export function cursorRequest(query: Query, order: Order): CursorRequest {
  const after = firstOf(query.after_id)
  const before = firstOf(query.before_id)
  if (after && before) throw unprocessable('after_id', 'cannot be combined with before_id')
  const onward = order === 'oldestFirst' ? 'newer' : 'older'
  return {
    pageSize: pageSizeOf(firstOf(query.page_size)),
    cursor: after || before || undefined,
    direction: after ? 'newer' : before ? 'older' : onward,
  }
}

/**
 * The page from up to `pageSize + 1` rows in the order in which they were walked; the extra row only tells that there
 * are more.
 */
export function pageOf<T>(
  rows: T[],
  { pageSize, direction }: CursorRequest,
  order: Order,
): { items: T[]; hasMore: boolean } {
  const items = rows.slice(0, pageSize)
  const walkedInOrder = (direction === 'newer') === (order === 'oldestFirst')
  return { items: walkedInOrder ? items : items.reverse(), hasMore: rows.length > pageSize }
}

/** Whether a client pages by number, which nothing here does: contract section 16. */
export function pagesByNumber(query: Query): boolean {
  return 'page' in query || 'offset' in query
}

function pageSizeOf(text: string | undefined): number {
  if (text === undefined || !/^-?\d+$/.test(text)) return PAGE_SIZE_DEFAULT
  return Math.min(Math.max(Number(text), 1), PAGE_SIZE_MAX)
}

/** Of a repeated parameter the first counts. */
function firstOf(value: unknown): string | undefined {
  const first = Array.isArray(value) ? value[0] : value
  return typeof first === 'string' ? first : undefined
}

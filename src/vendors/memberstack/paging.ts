// Wire cursors: contract section 5. A cursor is the number of the last member shown; nothing here is refused but a cursor
// that is none.

import { wrongType } from './errors.ts'
import type { Member } from './member.ts'
import type { Stretch } from './members.store.ts'

const PAGE_SIZE_DEFAULT = 50
/** Before the first member's number: what an empty page from the start answers, as the official package drops a 0. */
const START = 1

export interface PageRequest extends Stretch {
  limit: number
}

type Query = Readonly<Record<string, unknown>>

/** Reads `after`, `order`, `first` (which wins) and `limit`. Throws `invalid` for an `after` that is no whole number. */
export function pageRequest(query: Query, pageSizeMax: number): PageRequest {
  return {
    after: afterOf(firstOf(query.after)),
    order: firstOf(query.order) === 'DESC' ? 'DESC' : 'ASC',
    limit: Math.min(sizeOf(firstOf(query.first)) ?? sizeOf(firstOf(query.limit)) ?? PAGE_SIZE_DEFAULT, pageSizeMax),
  }
}

/** The page from up to `limit + 1` members; the extra one only tells that there are more. */
export function pageOf(
  members: Member[],
  { limit, after }: PageRequest,
): { items: Member[]; endCursor: number; hasMore: boolean } {
  const items = members.slice(0, limit)
  return { items, endCursor: items.at(-1)?.number ?? after ?? START, hasMore: members.length > limit }
}

/** `0` and nothing are the start. */
function afterOf(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(number)) throw wrongType('after', 'must be a whole number')
  return number || undefined
}

function sizeOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) && Number(text) >= 1 ? Number(text) : undefined
}

/** Of a repeated parameter the first counts. */
function firstOf(value: unknown): string | undefined {
  const first = Array.isArray(value) ? value[0] : value
  return typeof first === 'string' ? first : undefined
}

// Wire page and limit to offset: contract section 4.1. Clamped, never refused.

const LIMIT_DEFAULT = 100
const LIMIT_MAX = 200

export interface PageRequest {
  page: number
  limit: number
}

/** Reads `page` and `limit`; of a repeated parameter the first counts, anything but an integer >= 1 is the default. */
export function pageRequest(query: { page?: unknown; limit?: unknown }): PageRequest {
  return {
    page: positiveInteger(query.page) ?? 1,
    limit: Math.min(positiveInteger(query.limit) ?? LIMIT_DEFAULT, LIMIT_MAX),
  }
}

/** The first of a query parameter's values. */
export function firstOf(value: unknown): string | undefined {
  const first = Array.isArray(value) ? value[0] : value
  return typeof first === 'string' ? first : undefined
}

function positiveInteger(value: unknown): number | undefined {
  const text = firstOf(value)
  if (text === undefined || !/^\d+$/.test(text)) return undefined
  const number = Number(text)
  // Past the largest page that can be multiplied safely every list is empty anyway.
  return number >= 1 ? Math.min(number, 1e12) : undefined
}

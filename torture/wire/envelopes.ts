// Whose envelope an answer wears, told from its shape alone: the server's own tables are not asked.

import type { Answer } from './answer.ts'

export type Envelope = 'aftership' | 'easypost' | 'memberstack' | 'problem' | 'oauth' | 'page'

/** Where it cannot be told whose path it was. */
export const ANY: readonly Envelope[] = ['aftership', 'easypost', 'memberstack', 'problem']

/** Undefined for a body that is nobody's refusal. */
function envelopeOf({ status, headers, text }: Answer): Envelope | undefined {
  const type = headers['content-type'] ?? ''
  if (type === 'text/html; charset=utf-8') return 'page'
  const body = objectIn(text)
  const keys = Object.keys(body).sort().join()
  if (type === 'application/problem+json; charset=utf-8') return body.status === status ? 'problem' : undefined
  if (type !== 'application/json; charset=utf-8') return undefined
  if (keys === 'data,meta') return at(body.meta, 'code') === status || status === 422 ? 'aftership' : undefined
  if (keys === 'code,message') return 'memberstack'
  if (keys === 'error') return typeof at(body.error, 'code') === 'string' ? 'easypost' : undefined
  return keys === 'error,error_description' ? 'oauth' : undefined
}

/** Whose a path is. */
export function ownerOf(path: string): Envelope {
  if (isBelow(path, '/admin')) return 'aftership'
  if (isBelow(path, '/v2/data-tables')) return 'memberstack'
  if (isBelow(path, '/v2') || isBelow(path, '/beta')) return 'easypost'
  if (['/docs', '/openapi', '/health', '/ready', '/metrics', '/understudy'].some(own => isBelow(path, own))) {
    return 'problem'
  }
  return 'memberstack'
}

/** What is wrong with an answer that has to be of one of these; undefined where nothing is. */
export function wrongWith(answer: Answer, envelopes: readonly Envelope[]): string | undefined {
  if (answer.status >= 500) return `it was answered with ${answer.status}`
  // Without any, it is an answer to HEAD: nothing of it can be seen.
  if (answer.status < 400 || envelopes.length === 0) return undefined
  const worn = envelopeOf(answer)
  if (worn !== undefined && envelopes.includes(worn)) return undefined
  return `its refusal is in the envelope of ${worn ?? 'nobody'}, not of ${envelopes.join(' or ')}`
}

/** As short as tells what came. */
export function shown({ status, text }: Answer): string {
  return `${status} ${JSON.stringify(text.slice(0, 200))}`
}

function isBelow(path: string, prefix: string): boolean {
  return path === prefix || path.startsWith(`${prefix}/`) || path.startsWith(`${prefix}?`)
}

function objectIn(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

function at(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined
}

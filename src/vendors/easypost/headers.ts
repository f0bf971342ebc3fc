// The headers of every answer: contract section 12.

import { version } from '../../platform/version.ts'

export const JSON_TYPE = 'application/json; charset=utf-8'

/** What does not depend on the request. */
const ALWAYS = {
  'x-version-label': `understudy-${version}`,
  'cache-control': 'private, no-cache, no-store',
  pragma: 'no-cache',
  expires: '0',
  'x-frame-options': 'SAMEORIGIN',
  'x-content-type-options': 'nosniff',
  'x-download-options': 'noopen',
  'x-permitted-cross-domain-policies': 'none',
  'x-xss-protection': '1; mode=block',
  'referrer-policy': 'strict-origin-when-cross-origin',
}

const OVER_TLS = { 'strict-transport-security': 'max-age=31536000; includeSubDomains; preload' }

/** The headers of an answer, but for what it cost. */
export function headersOf(requestId: string, overTls: boolean): Record<string, string> {
  return { 'x-ep-request-uuid': requestId, ...ALWAYS, ...(overTls ? OVER_TLS : {}) }
}

/** `x-runtime`: seconds with six decimals. */
export function runtimeOf(elapsedMs: number): string {
  return (elapsedMs / 1000).toFixed(6)
}

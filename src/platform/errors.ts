// The closed catalogue of what can go wrong with a request, in the domain's words. Status, body and headers
// belong to whoever answers: a vendor's `errors.ts`, the control API.

export type DomainErrorCode =
  | 'malformed' // the body cannot be read at all
  | 'unauthenticated'
  | 'forbidden'
  | 'notFound'
  | 'conflict'
  | 'gone' // it existed, and is used up or expired
  | 'invalid' // readable, but a field is missing or wrong
  | 'bodyTooLarge'
  | 'headersTooLarge'
  | 'tooSlow' // it did not come whole within its time
  | 'rateLimited'
  | 'unavailable' // the store does not answer
  | 'internal'

/** One field that is wrong: `path` is dotted from the body's root (`account.email`). */
export interface Issue {
  path: string
  problem: 'required' | 'invalid'
  /** What would be right, where a reader would not guess it. */
  hint?: string
}

interface DomainErrorOptions {
  issues?: Issue[]
  /** A vendor's own finer code, of which `code` is the general kind. */
  reason?: string | undefined
  /** With `rateLimited`: seconds until it is worth another try, where that is known. */
  retryAfterS?: number
  cause?: unknown
}

/**
 * A refusal that a caller may see. `message` is for logs and the control API and never holds a secret; vendors answer
 * with their own texts.
 */
export class DomainError extends Error {
  readonly code: DomainErrorCode
  readonly issues: Issue[]
  readonly reason: string | undefined
  readonly retryAfterS: number | undefined

  constructor(code: DomainErrorCode, message: string, options: DomainErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'DomainError'
    this.code = code
    this.issues = options.issues ?? []
    this.reason = options.reason
    this.retryAfterS = options.retryAfterS
  }
}

/**
 * Wraps anything thrown that is not ours; a DomainError passes through. What the framework refuses by itself is what no
 * route takes: it never sees a body.
 */
export function toDomainError(error: unknown): DomainError {
  if (error instanceof DomainError) return error
  if (isFrameworkRefusal(error)) return new DomainError('notFound', 'no route takes this request', { cause: error })
  return new DomainError('internal', error instanceof Error ? error.message : String(error), { cause: error })
}

function isFrameworkRefusal(error: unknown): boolean {
  return error instanceof Error && 'statusCode' in error && Number(error.statusCode) < 500
}

/**
 * Runs `work`, whose input came from `path` in a larger document, and puts that path before the paths of what it
 * throws, so that the document's reader finds the place.
 */
export async function at<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (thrown) {
    const error = toDomainError(thrown)
    const found: Issue[] = error.issues.length > 0 ? error.issues : [{ path: '', problem: 'invalid' }]
    const issues = found.map(issue => ({ ...issue, path: issue.path === '' ? path : `${path}.${issue.path}` }))
    throw new DomainError(error.code, error.message, { issues, reason: error.reason, cause: error })
  }
}

// Every error as AfterShip answers it: contract section 2. Total over the platform's catalogue and our own reasons, so
// a new code does not compile until it has an answer here.

import { DomainError, type DomainErrorCode, type Issue } from '../../platform/errors.ts'

/** What only this vendor's rules refuse. */
export type AftershipReason = 'accountUnknown' | 'accountUnverified' | 'roleUnknown' | 'seatsExhausted'

interface Answer {
  status: number
  code: number
  type: string
  message: string
}

const FORBIDDEN = 'The request is understood, but it has been refused or access is not allowed.'
const NOT_FOUND: Answer = {
  status: 404,
  code: 404,
  type: 'NotFound',
  message: 'The URI requested is invalid or the resource requested does not exist.',
}
const unprocessable = (code: number, message: string): Answer => ({
  status: 422,
  code,
  type: 'UnprocessableEntity',
  message,
})

const answers = {
  malformed: { status: 400, code: 400, type: 'BadRequest', message: 'The request body is an invalid JSON.' },
  unauthenticated: { status: 401, code: 401, type: 'Unauthorized', message: 'The API key is invalid.' },
  forbidden: { status: 403, code: 403, type: 'Forbidden', message: FORBIDDEN },
  notFound: NOT_FOUND,
  gone: NOT_FOUND,
  conflict: {
    status: 409,
    code: 409,
    type: 'Conflict',
    message: 'The request conflicts with another request (perhaps due to using the same idempotent key).',
  },
  bodyTooLarge: { status: 413, code: 413, type: 'PayloadTooLarge', message: 'The request body is too large.' },
  headersTooLarge: {
    status: 431,
    code: 431,
    type: 'RequestHeaderFieldsTooLarge',
    message: 'The request headers are too large.',
  },
  tooSlow: { status: 408, code: 408, type: 'RequestTimeout', message: 'The request took too long to come.' },
  invalid: unprocessable(422, 'The data given in the request failed validation. Inspect the response for details.'),
  accountUnknown: unprocessable(10001, 'The account with the given email does not exist in the system.'),
  roleUnknown: unprocessable(10002, 'Role does not exist.'),
  seatsExhausted: unprocessable(10003, 'No available member seats.'),
  accountUnverified: unprocessable(10004, 'Account email is unverified.'),
  rateLimited: {
    status: 429,
    code: 429,
    type: 'TooManyRequests',
    message: 'You have exceeded the API call rate limit. The default limit is 10 requests per second.',
  },
  unavailable: {
    status: 503,
    code: 503,
    type: 'ServiceUnavailable',
    message: 'The service is temporarily unavailable. Please try again later.',
  },
  internal: {
    status: 500,
    code: 500,
    type: 'InternalError',
    message:
      "Something went wrong on AfterShip's end.  Also, some error that cannot be retried happened on an external system that this call relies on.",
  },
} satisfies Record<DomainErrorCode | AftershipReason, Answer>

/** A refusal by one of this vendor's own rules. `code` is what the control API answers by. */
export function refusal(
  reason: AftershipReason,
  code: DomainErrorCode,
  message: string,
  issues: Issue[] = [],
): DomainError {
  return new DomainError(code, message, { reason, issues })
}

/** Where a rule's field stands in a wire body. */
const wirePathOf: Record<string, string> = { email: 'account.email', accountId: 'account.id', role: 'role.code' }

/** The status and the whole body for an error. `errors` is always there, `data` is always empty. */
export function answerOf(error: DomainError): { status: number; body: object } {
  const key = error.reason !== undefined && error.reason in answers ? error.reason : error.code
  const { status, ...meta } = answers[key as keyof typeof answers]
  const errors = error.issues.map(({ path: field, problem }) => {
    const path = wirePathOf[field] ?? field
    return { path, info: problem === 'required' ? `${path} is required` : `${path} is invalid` }
  })
  return { status, body: { meta: { ...meta, errors }, data: {} } }
}

// Every error as EasyPost answers it: contract section 11. Total over the platform's catalogue and our own reasons, so
// a new code does not compile until it has an answer here.

import { DomainError, type DomainErrorCode, type Issue } from '../../platform/errors.ts'

/** What only this vendor's rules refuse. */
export type EasypostReason =
  | 'keyInactive'
  | 'productionOnly'
  | 'childHasNoChildren'
  | 'payloadNotFound'
  | 'methodNotAllowed'
  | 'parameterRequired'
  | 'parameterType'
  | 'passwordGiven'
  | 'userInvalid'
  | 'webhookInvalid'

interface Answer {
  status: number
  code: string
  message: string
}

const BAD_REQUEST: Answer = {
  status: 400,
  code: 'BAD_REQUEST',
  message: 'Malformed request. Please check the contents and retry.',
}
const NOT_FOUND: Answer = {
  status: 404,
  code: 'NOT_FOUND',
  message: 'The requested resource could not be found.',
}
const UNPROCESSABLE: Answer = {
  status: 422,
  code: 'UNPROCESSABLE_ENTITY',
  message: 'The request was understood, but cannot be processed.',
}
const INVALID_PARAMETERS = 'The parameters you provided are invalid.'

const answers = {
  malformed: BAD_REQUEST,
  bodyTooLarge: BAD_REQUEST,
  headersTooLarge: BAD_REQUEST,
  unauthenticated: {
    status: 401,
    code: 'UNAUTHORIZED',
    message: 'An API key is required to access this resource.',
  },
  keyInactive: {
    status: 403,
    code: 'APIKEY.INACTIVE',
    message: 'This api key is no longer active. Please use a different api key or reactivate this key.',
  },
  productionOnly: {
    status: 403,
    code: 'MODE.UNAUTHORIZED',
    message: 'This resource requires a production API Key to access.',
  },
  childHasNoChildren: {
    status: 403,
    code: 'USER.PARENT.INVALID',
    message: 'A child user cannot have child users.',
  },
  forbidden: { status: 403, code: 'FORBIDDEN', message: 'You are not allowed to perform this action.' },
  notFound: NOT_FOUND,
  gone: NOT_FOUND,
  payloadNotFound: { status: 404, code: 'PAYLOAD.NOT_FOUND', message: 'The payload(s) could not be found.' },
  methodNotAllowed: {
    status: 405,
    code: 'METHOD_NOT_ALLOWED',
    message: 'The requested method is not allowed for this resource.',
  },
  parameterRequired: { status: 422, code: 'PARAMETER.REQUIRED', message: 'Missing required parameter.' },
  parameterType: { status: 422, code: 'PARAMETER.INVALID_TYPE', message: 'Wrong parameter type.' },
  passwordGiven: {
    status: 422,
    code: 'USER.INVALID',
    message: 'Child users must be created via the API and must not contain an email or password.',
  },
  userInvalid: { status: 422, code: 'USER.INVALID', message: INVALID_PARAMETERS },
  webhookInvalid: { status: 422, code: 'WEBHOOK.INVALID_PARAMS', message: INVALID_PARAMETERS },
  tooSlow: { status: 408, code: 'REQUEST_TIMEOUT', message: 'The request took too long to come.' },
  conflict: UNPROCESSABLE,
  invalid: UNPROCESSABLE,
  rateLimited: {
    status: 429,
    code: 'RATE_LIMITED',
    message:
      'Your account has been temporarily rate-limited due to excessive resource consumption. Please contact Support if you believe this is in error.',
  },
  internal: {
    status: 500,
    code: 'INTERNAL_SERVER_ERROR',
    message: "We're sorry, something went wrong. If the problem persists please contact Support.",
  },
  unavailable: {
    status: 503,
    code: 'SERVICE_UNAVAILABLE',
    message: 'The service is temporarily unavailable.',
  },
} satisfies Record<DomainErrorCode | EasypostReason, Answer>

/** A refusal by one of this vendor's own rules. `code` is what the control API answers by. */
export function refusal(reason: EasypostReason, code: DomainErrorCode, message: string, issues: Issue[] = []) {
  return new DomainError(code, message, { reason, issues })
}

/** A field that is not there or blank. */
export function missing(field: string): DomainError {
  const issue: Issue = { path: field, problem: 'required', hint: 'cannot be blank' }
  return refusal('parameterRequired', 'invalid', `${field} is missing`, [issue])
}

/** A field of the wrong type; `expected` as the wire says it: `must be a string`. */
export function wrongType(field: string, expected: string): DomainError {
  const issue: Issue = { path: field, problem: 'invalid', hint: expected }
  return refusal('parameterType', 'invalid', `${field} ${expected}`, [issue])
}

/** A field whose value cannot be taken, where the wire has no finer code. */
export function unprocessable(field: string, problem: string): DomainError {
  return new DomainError('invalid', `${field} ${problem}`, {
    issues: [{ path: field, problem: 'invalid', hint: problem }],
  })
}

/** An email that a user cannot have. */
export function emailRefused(problem: 'is invalid' | 'has already been taken' | 'cannot be blank'): DomainError {
  const issue: Issue = { path: 'email', problem: 'invalid', hint: problem }
  const code = problem === 'has already been taken' ? 'conflict' : 'invalid'
  return refusal('userInvalid', code, `email ${problem}`, [issue])
}

/** The status and the whole body for an error. */
export function answerOf(error: DomainError): { status: number; body: object } {
  const key = error.reason !== undefined && error.reason in answers ? error.reason : error.code
  const { status, code, message } = answers[key as keyof typeof answers]
  const issues = status === 422 ? error.issues : []
  const errors = issues.map(({ path, problem, hint }) => ({
    field: path,
    message: hint ?? (problem === 'required' ? 'cannot be blank' : 'is invalid'),
  }))
  return { status, body: { error: { code, message, errors } } }
}

// Every error as Memberstack answers it: contract section 11. Total over the platform's catalogue and our own reasons,
// so a new code does not compile until it has an answer here.

import { DomainError, type DomainErrorCode, type Issue } from '../../platform/errors.ts'

/** What only this vendor's rules refuse. */
export type MemberstackReason =
  | 'secretKeyMalformed'
  | 'secretKeyUnknown'
  | 'publicKeyMalformed'
  | 'publicKeyUnknown'
  | 'loginRequired'
  | 'memberTokenInvalid'
  | 'tokenInvalid'
  | 'bodyNotJson'
  | 'memberUnknown'
  | 'fieldMissing'
  | 'emailInvalid'
  | 'emailTaken'
  | 'passwordTooShort'
  | 'passwordWrong'
  | 'passwordSet'
  | 'planNotFree'
  | 'planNotFound'
  | 'planNotHeld'
  | 'planRestricted'
  | 'credentialsInvalid'
  | 'passwordlessCodeInvalid'
  | 'resetCodeInvalid'
  | 'verificationCodeInvalid'
  | 'noSuchMember'
  | 'sandboxFull'
  | 'accessDenied'
  | 'stripeFailed'

interface Answer {
  status: number
  code: string
  /** Left out where the refusal's own message is shown. */
  message?: string
}

const GENERIC = 'generic-message'
const SECRET_KEY = { code: 'validation/invalid-secret-key', message: 'The provided secret key is invalid.' }
const PUBLIC_KEY = { code: 'app-not-found', message: 'Application not found.' }

const answers = {
  malformed: { status: 400, code: GENERIC, message: 'The request could not be read.' },
  unauthenticated: { status: 401, code: 'login-required', message: 'Please log in.' },
  forbidden: { status: 403, code: 'access-denied' },
  notFound: { status: 404, code: GENERIC },
  conflict: { status: 400, code: GENERIC },
  gone: { status: 404, code: GENERIC },
  invalid: { status: 400, code: GENERIC },
  bodyTooLarge: { status: 413, code: GENERIC, message: 'The request body is larger than 1 MiB.' },
  headersTooLarge: { status: 431, code: GENERIC, message: 'The request headers are larger than 16 KiB.' },
  tooSlow: { status: 408, code: GENERIC, message: 'The request took too long to come.' },
  rateLimited: { status: 429, code: GENERIC, message: 'Too many requests, please try again later.' },
  unavailable: { status: 503, code: GENERIC, message: 'The service is temporarily unavailable.' },
  internal: { status: 500, code: GENERIC, message: 'Something went wrong on our side.' },
  secretKeyMalformed: { status: 400, ...SECRET_KEY },
  secretKeyUnknown: { status: 401, ...SECRET_KEY },
  publicKeyMalformed: { status: 400, ...PUBLIC_KEY },
  publicKeyUnknown: { status: 401, ...PUBLIC_KEY },
  loginRequired: { status: 401, code: 'login-required', message: 'Please log in.' },
  memberTokenInvalid: {
    status: 401,
    code: 'client/invalid-token',
    message: 'The member token is invalid or has expired.',
  },
  tokenInvalid: { status: 400, code: 'INVALID_TOKEN', message: 'Invalid token' },
  bodyNotJson: { status: 400, code: 'validation/invalid-json', message: 'The request body is not valid JSON.' },
  memberUnknown: { status: 400, code: GENERIC, message: 'There is no member with this identifier.' },
  fieldMissing: { status: 400, code: 'required-field-missing' },
  emailInvalid: { status: 400, code: 'invalid-email', message: 'The email address format is invalid.' },
  emailTaken: { status: 400, code: 'email-already-in-use', message: 'An account with this email already exists.' },
  passwordTooShort: {
    status: 400,
    code: 'invalid-password-too-short',
    message: 'Password must be at least 8 characters.',
  },
  passwordWrong: { status: 400, code: 'invalid-password', message: 'The password is incorrect.' },
  passwordSet: { status: 400, code: GENERIC, message: 'This member has a password already.' },
  planNotFree: { status: 400, code: 'plan-not-free', message: 'This plan is not free: it needs a payment.' },
  planNotFound: { status: 400, code: 'plan-not-found', message: 'There is no such plan.' },
  planNotHeld: { status: 400, code: 'no-plan-found', message: 'The member does not have this plan.' },
  planRestricted: {
    status: 400,
    code: 'plan-restricted-to-admin',
    message: 'This plan can be added by an administrator only.',
  },
  credentialsInvalid: {
    status: 401,
    code: 'invalid-credentials',
    message: 'The provided credentials are invalid.',
  },
  passwordlessCodeInvalid: {
    status: 400,
    code: 'invalid-passwordless-login-code',
    message: 'The code is wrong or has expired.',
  },
  resetCodeInvalid: { status: 400, code: 'invalid-reset-code', message: 'The code is wrong or has expired.' },
  verificationCodeInvalid: {
    status: 400,
    code: 'invalid-verification-code',
    message: 'The code is wrong or has expired.',
  },
  noSuchMember: { status: 400, code: 'member-not-found', message: 'There is no member with this email.' },
  sandboxFull: {
    status: 400,
    code: 'test-mode-member-limit-reached',
    message: 'The sandbox of this app has as many members as it may have.',
  },
  accessDenied: { status: 403, code: 'access-denied' },
  stripeFailed: {
    status: 502,
    code: 'stripe-request-failed',
    message: 'Stripe could not complete the request; the member was not deleted.',
  },
} satisfies Record<DomainErrorCode | MemberstackReason, Answer>

/** A refusal by one of this vendor's own rules. `code` is what the control API answers by. */
export function refusal(reason: MemberstackReason, code: DomainErrorCode, message: string, issues: Issue[] = []) {
  return new DomainError(code, message, { reason, issues })
}

/** A required field that is not there. */
export function missing(field: string): DomainError {
  const issue: Issue = { path: field, problem: 'required' }
  return refusal('fieldMissing', 'invalid', `${field} is required.`, [issue])
}

/** A field of the wrong type or form; `expected` as the wire says it: `must be a string`. */
export function wrongType(field: string, expected: string): DomainError {
  return new DomainError('invalid', `${field} ${expected}.`, {
    issues: [{ path: field, problem: 'invalid', hint: expected }],
  })
}

/** No member has this id, or none of this environment: update, delete and plans. */
export function unknownMember(): DomainError {
  return refusal('memberUnknown', 'notFound', 'no such member')
}

/** The status and the whole body for an error. */
export function answerOf(error: DomainError): { status: number; body: { code: string; message: string } } {
  const key = error.reason !== undefined && error.reason in answers ? error.reason : error.code
  const { status, code, message }: Answer = answers[key as keyof typeof answers]
  return { status, body: { code, message: message ?? error.message } }
}

// What the OAuth endpoints refuse, in the words of RFC 6749. The token and revocation endpoints answer with JSON
// (section 5.2), the authorization endpoint by redirect (section 4.1.2.1) or with a page.

import { DomainError, type DomainErrorCode } from '../../../platform/errors.ts'

export type OauthReason =
  | 'access_denied'
  | 'invalid_client'
  | 'invalid_grant'
  | 'invalid_request'
  | 'invalid_scope'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'

/** `message` is sent as `error_description`: printable ASCII without quote and backslash. */
export function oauthError(reason: OauthReason, message: string): DomainError {
  return new DomainError(reason === 'invalid_client' ? 'unauthenticated' : 'invalid', message, { reason })
}

/** A refused authorization request whose client and redirect URI are good: the browser goes back with the error. */
export class AuthorizationRefused extends DomainError {
  readonly location: string

  constructor(reason: OauthReason, message: string, location: string) {
    super('invalid', message, { reason })
    this.location = location
  }
}

/** What the token and revocation endpoints answer. Where the RFC has no code of its own, the nearest one it has. */
const answers = {
  malformed: { status: 400, error: 'invalid_request' },
  unauthenticated: { status: 401, error: 'invalid_client' },
  forbidden: { status: 403, error: 'unauthorized_client' },
  notFound: { status: 404, error: 'invalid_request' },
  conflict: { status: 409, error: 'invalid_request' },
  gone: { status: 410, error: 'invalid_request' },
  invalid: { status: 400, error: 'invalid_request' },
  bodyTooLarge: { status: 413, error: 'invalid_request' },
  headersTooLarge: { status: 431, error: 'invalid_request' },
  tooSlow: { status: 408, error: 'invalid_request' },
  rateLimited: { status: 429, error: 'temporarily_unavailable' },
  unavailable: { status: 503, error: 'temporarily_unavailable' },
  internal: { status: 500, error: 'server_error' },
} satisfies Record<DomainErrorCode, { status: number; error: string }>

/** Status and body by RFC 6749 5.2. */
export function tokenAnswerOf(error: DomainError): {
  status: number
  body: { error: string; error_description?: string }
} {
  const answer = answers[error.code]
  const description = error.code === 'internal' ? {} : { error_description: error.message }
  return { status: answer.status, body: { error: error.reason ?? answer.error, ...description } }
}

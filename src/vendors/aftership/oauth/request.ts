// The authorization request (RFC 6749 4.1.1, RFC 7636 4.3): read, checked, and written down again for the way through
// sign-in and consent.

import type { Context } from '../../../platform/context.ts'
import { DomainError } from '../../../platform/errors.ts'
import * as apps from '../apps.store.ts'
import { READ, WRITE } from '../keys.ts'
import { AuthorizationRefused, type OauthReason, oauthError } from './errors.ts'

export interface AuthorizationRequest {
  app: apps.App
  redirectUri: string
  scopes: readonly string[]
  state: string
  codeChallenge: string
}

const SCOPES = [READ, WRITE]
const STATE_MAX = 2048
/** An SHA-256 as base64url: RFC 7636 4.2. */
const CODE_CHALLENGE = /^[A-Za-z0-9_-]{43}$/

interface Parameters {
  values: ReadonlyMap<string, string>
  repeated: ReadonlySet<string>
}

/**
 * Reads form-encoded text. A parameter without a value, or with one that no store holds, counts as left out:
 * RFC 6749 3.1 and 3.2.
 */
function parametersOf(text: string): Parameters {
  const values = new Map<string, string>()
  const repeated = new Set<string>()
  const seen = new Set<string>()
  for (const [name, value] of new URLSearchParams(text)) {
    if (seen.has(name)) repeated.add(name)
    seen.add(name)
    if (value !== '' && !value.includes('\0')) values.set(name, value)
  }
  return { values, repeated }
}

/** Reads a form or query in which each parameter stands once. Throws invalid_request: RFC 6749 3.1 and 3.2. */
export function formOf(text: string): ReadonlyMap<string, string> {
  const { values, repeated } = parametersOf(text)
  if (repeated.size > 0) throw oauthError('invalid_request', 'a parameter is repeated')
  return values
}

/**
 * Reads an authorization request from its query string. Throws `invalid` for an unknown client or a redirect URI that
 * is not its own, and AuthorizationRefused for all else: contract section 8, RFC 6749 4.1.2.1.
 */
export async function read(ctx: Context, text: string): Promise<AuthorizationRequest> {
  const { values, repeated } = parametersOf(text)
  const { app, redirectUri } = await redirectTarget(ctx, { values, repeated })
  const state = repeated.has('state') ? undefined : values.get('state')
  const refused = (reason: OauthReason, message: string) => refusal(redirectUri, state, reason, message)

  if (repeated.size > 0) throw refused('invalid_request', 'a parameter is repeated')
  if (!app.partner) throw refused('unauthorized_client', 'this app is not in the Partner Program')
  const responseType = values.get('response_type')
  if (responseType === undefined) throw refused('invalid_request', 'response_type is missing')
  if (responseType !== 'code') throw refused('unsupported_response_type', 'response_type must be code')
  if (state === undefined) throw refused('invalid_request', 'state is missing')
  if (state.length > STATE_MAX) throw refused('invalid_request', `state is longer than ${STATE_MAX} characters`)
  const codeChallenge = values.get('code_challenge') ?? ''
  if (values.get('code_challenge_method') !== 'S256' || !CODE_CHALLENGE.test(codeChallenge)) {
    throw refused('invalid_request', 'code_challenge with code_challenge_method S256 is needed')
  }
  const scopes = parseScopes(values.get('scope'))
  if (!scopes) throw refused('invalid_scope', `scope must name ${SCOPES.join(' or ')} or both`)
  return { app, redirectUri, scopes, state, codeChallenge }
}

/** The query string that `read` reads again. */
export function textOf({ app, redirectUri, scopes, state, codeChallenge }: AuthorizationRequest): string {
  return new URLSearchParams({
    response_type: 'code',
    client_id: app.id,
    redirect_uri: redirectUri,
    scope: scopes.join(' '),
    state,
    code_challenge: codeChallenge,
    code_challenge_method: 'S256',
  }).toString()
}

/** Scope names of a space-separated list, each once; undefined when there is none or one is unknown. */
export function parseScopes(text: string | undefined): readonly string[] | undefined {
  const names = (text ?? '').split(' ').filter(name => name !== '')
  if (names.length === 0 || names.some(name => !SCOPES.includes(name))) return undefined
  return SCOPES.filter(scope => names.includes(scope))
}

/** The redirect URI with more parameters; its own query stays as it is: RFC 6749 3.1.2. */
export function locationOf(redirectUri: string, parameters: Record<string, string>): string {
  const joint = !redirectUri.includes('?') ? '?' : /[?&]$/.test(redirectUri) ? '' : '&'
  return `${redirectUri}${joint}${new URLSearchParams(parameters)}`
}

/** The error that sends the browser back to the client. */
export function refusal(
  redirectUri: string,
  state: string | undefined,
  reason: OauthReason,
  message: string,
): AuthorizationRefused {
  const parameters = { error: reason, error_description: message, ...(state === undefined ? {} : { state }) }
  return new AuthorizationRefused(reason, message, locationOf(redirectUri, parameters))
}

/** Whoever cannot be trusted with a redirect gets a page instead: RFC 6749 4.1.2.1. */
async function redirectTarget(ctx: Context, { values, repeated }: Parameters) {
  const clientId = repeated.has('client_id') ? undefined : values.get('client_id')
  const app = clientId === undefined ? undefined : await apps.findById(ctx, clientId)
  if (!app) throw new DomainError('invalid', 'The app that sent you here is not known (client_id).')
  const redirectUri = repeated.has('redirect_uri') ? undefined : values.get('redirect_uri')
  if (redirectUri === undefined || !app.redirectUris.includes(redirectUri)) {
    throw new DomainError(
      'invalid',
      'The app that sent you here named no address of its own to return to (redirect_uri).',
    )
  }
  return { app, redirectUri }
}

// Which client a token or revocation request says it comes from: RFC 6749 2.3.1.

import { oauthError } from './errors.ts'

export interface ClientCredentials {
  id: string
  secret: string
}

const BASIC = /^Basic +([A-Za-z0-9+/]+={0,2})$/i

/**
 * Reads client id and secret from the Authorization header or from the form. Throws invalid_request when both carry a
 * secret or name different clients, and invalid_client when neither is complete.
 */
export function clientCredentials(
  authorization: string | undefined,
  form: ReadonlyMap<string, string>,
): ClientCredentials {
  const id = form.get('client_id')
  const secret = form.get('client_secret')
  if (authorization === undefined) {
    if (id === undefined || secret === undefined) throw oauthError('invalid_client', 'client authentication is missing')
    return { id, secret }
  }
  if (secret !== undefined) throw oauthError('invalid_request', 'the client authenticates in two ways at once')
  const credentials = parseBasic(authorization)
  if (id !== undefined && id !== credentials.id) throw oauthError('invalid_request', 'client_id names another client')
  return credentials
}

/** Both halves are form-encoded before they are joined: RFC 6749 2.3.1. */
function parseBasic(authorization: string): ClientCredentials {
  const text = Buffer.from(BASIC.exec(authorization)?.[1] ?? '', 'base64').toString()
  const colon = text.indexOf(':')
  if (colon === -1) throw oauthError('invalid_client', 'the Authorization header is not usable: Basic is needed')
  return { id: formDecoded(text.slice(0, colon)), secret: formDecoded(text.slice(colon + 1)) }
}

function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw oauthError('invalid_client', 'client id or client secret is not form-encoded')
  }
}

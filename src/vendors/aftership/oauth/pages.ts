// What people see of the OAuth flow. Each form carries the authorization request and the form token of its browser.

import type { FastifyReply } from 'fastify'
import type { DomainError, DomainErrorCode } from '../../../platform/errors.ts'
import { type Html, html, sendPage } from '../../../platform/web/page.ts'
import { READ, WRITE } from '../keys.ts'
import { type AuthorizationRequest, textOf } from './request.ts'

/** Where everything here is mounted. */
export const OAUTH_PATH = '/oauth/aftership'

const meaningOf: Record<string, string> = {
  [READ]: 'see the members and roles of the organization',
  [WRITE]: 'invite and remove members and change their roles',
}

/** Asks for the email of whoever wants to sign in. */
export function sendSignInPage(reply: FastifyReply, request: AuthorizationRequest, formToken: string): FastifyReply {
  return sendPage(
    reply,
    200,
    'Sign in',
    html`<p>The app <b>${request.app.name}</b> wants to be connected to an organization that you manage.</p>
<form method="post" action="${OAUTH_PATH}/sign-in">${hidden(request, formToken)}
<label for="email">Your email</label><input id="email" name="email" type="email" autocomplete="email" required>
<button>Mail me a sign-in link</button></form>`,
    formTargets(request),
  )
}

/** The same for every email: it must not tell which ones are registered. */
export function sendLinkSentPage(reply: FastifyReply): FastifyReply {
  return sendPage(
    reply,
    200,
    'Look into your mail',
    html`<p>If this email is registered and verified, a sign-in link is on its way. It works once, for 15 minutes.</p>
<p class="quiet">Nothing came? An account is mailed at most five links an hour.</p>`,
  )
}

/** Behind the mailed link. Shows whose it is, so that nobody is signed in as somebody else unawares. */
export function sendLinkPage(
  reply: FastifyReply,
  request: AuthorizationRequest,
  email: string,
  formToken: string,
): FastifyReply {
  return sendPage(
    reply,
    200,
    'Sign in',
    html`<p>You sign in as <b>${email}</b> to decide about the app <b>${request.app.name}</b>.</p>
<form method="post">${hiddenToken(formToken)}<button>Sign in</button></form>`,
    formTargets(request),
  )
}

export interface ConsentChoice {
  email: string
  organizations: readonly { id: string; name: string }[]
}

/** Asks for consent; without an organization to choose there is only a no. */
export function sendConsentPage(
  reply: FastifyReply,
  request: AuthorizationRequest,
  { email, organizations }: ConsentChoice,
  formToken: string,
): FastifyReply {
  const deny = html`<button class="quiet" name="decision" value="deny" formnovalidate>Deny</button>`
  const choice =
    organizations.length === 0
      ? html`<p>You are an active owner or admin of no organization, so there is nothing that you could allow.</p>${deny}`
      : html`<label for="organization">Organization</label><select id="organization" name="organization" required>
${organizations.map(({ id, name }) => html`<option value="${id}">${name}</option>`)}</select>
<p><button name="decision" value="allow">Allow</button> ${deny}</p>`
  return sendPage(
    reply,
    200,
    `Connect ${request.app.name}?`,
    html`<p>You are signed in as <b>${email}</b>. The app <b>${request.app.name}</b> wants to:</p>
<ul>${request.scopes.map(scope => html`<li>${meaningOf[scope] ?? scope} <code>${scope}</code></li>`)}</ul>
<form method="post" action="${OAUTH_PATH}/authorize">${hidden(request, formToken)}${choice}</form>
<p class="quiet">Afterwards you are sent to ${new URL(request.redirectUri).host}.</p>`,
    formTargets(request),
  )
}

/** What a page says of a refusal, in general. */
export const refusals: Record<DomainErrorCode, { status: number; title: string }> = {
  malformed: { status: 400, title: 'This cannot be read' },
  unauthenticated: { status: 401, title: 'Sign in first' },
  forbidden: { status: 403, title: 'This is not allowed' },
  notFound: { status: 404, title: 'There is nothing here' },
  conflict: { status: 409, title: 'This does not work now' },
  gone: { status: 410, title: 'This link is over' },
  invalid: { status: 400, title: 'This request is not right' },
  bodyTooLarge: { status: 413, title: 'Too much was sent' },
  headersTooLarge: { status: 431, title: 'Too much was sent' },
  tooSlow: { status: 408, title: 'This took too long' },
  rateLimited: { status: 429, title: 'Too many requests' },
  unavailable: { status: 503, title: 'Not available' },
  internal: { status: 500, title: 'Something went wrong' },
}

export function sendRefusalPage(reply: FastifyReply, error: DomainError): FastifyReply {
  const { status, title } = refusals[error.code]
  const text = status >= 500 ? 'It is our fault; try again later.' : error.message
  return sendPage(reply, status, title, html`<p>${text}</p><p>Go back to the app and start again.</p>`)
}

function hidden(request: AuthorizationRequest, formToken: string): Html {
  return html`<input type="hidden" name="request" value="${textOf(request)}">${hiddenToken(formToken)}`
}

function hiddenToken(formToken: string): Html {
  return html`<input type="hidden" name="csrf" value="${formToken}">`
}

/** Where a form may lead in the end. A security policy cannot name an IPv6 address, so there the scheme has to do. */
function formTargets({ redirectUri }: AuthorizationRequest): string[] {
  const { hostname, origin } = new URL(redirectUri)
  return [hostname.startsWith('[') ? 'http:' : origin]
}

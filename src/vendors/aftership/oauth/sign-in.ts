// How a person proves who they are before they consent: a mailed link, used once, opens a short session. Contract
// section 8.

import { timestamp } from '../../../platform/clock.ts'
import { type Context, type Principal, withTransaction } from '../../../platform/context.ts'
import { EMAIL_MAX, EMAIL_PATTERN, emailKey } from '../../../platform/email.ts'
import { DomainError } from '../../../platform/errors.ts'
import * as events from '../../../platform/events/events.ts'
import * as outbox from '../../../platform/mail/outbox.ts'
import * as accounts from '../accounts.store.ts'
import { type AuthorizationRequest, textOf } from './request.ts'
import * as secrets from './secrets.ts'
import * as store from './tokens.store.ts'

/** A link that is still good: whose it is, and the authorization request it leads back to. */
export interface OpenLink {
  account: accounts.Account
  request: string
}

const LINKS_PER_HOUR = 5
const EMAIL = new RegExp(EMAIL_PATTERN)

/**
 * Mails a sign-in link to the account with this email, if there is one, it is verified, and it was sent fewer than
 * five within an hour. The caller cannot tell: the same is done and stored for any email. Throws `invalid` for text
 * that is no email.
 */
export async function requestLink(
  ctx: Context,
  request: AuthorizationRequest,
  email: string,
  requestId: string,
): Promise<void> {
  if (email.length > EMAIL_MAX || !EMAIL.test(email)) throw new DomainError('invalid', 'Enter an email address.')
  const since = timestamp(ctx.clock.now() - secrets.LINK_WINDOW_MS)
  // Requests for one email come one after the other, so that each counts those before it; for an unknown one too.
  await withTransaction(ctx, { vendor: 'aftership', tenant: emailKey(email) }, async tx => {
    const account = await accounts.findByEmail(tx, email)
    const sent = await store.countLinks(tx, account?.id ?? '', since)
    const recipient = account?.verified && sent < LINKS_PER_HOUR ? account : undefined
    // Without a recipient the link is stored too, and known to nobody: the answer takes no less time.
    const link = await secrets.issue(tx, 'link', { accountId: recipient?.id ?? null, request: textOf(request) })
    if (recipient) await mailLink(tx, principalOf('system:oauth', requestId), recipient, request, link)
  })
}

/** What a link leads to, without using it up. Throws `notFound` (no such link) and `gone` (used or expired). */
export async function openLink(ctx: Context, link: string): Promise<OpenLink> {
  const { account, request } = await findLink(ctx, link)
  return { account, request }
}

/** Uses a link up and opens a session. Throws as `openLink` does. */
export async function signIn(
  ctx: Context,
  link: string,
  requestId: string,
): Promise<{ session: string; request: string }> {
  return withTransaction(ctx, null, async tx => {
    const { account, request, secret } = await findLink(tx, link)
    if (!(await secrets.use(tx, secret))) throw over()
    const session = await secrets.issue(tx, 'session', { accountId: account.id })
    await record(tx, principalOf(`account:${account.id}`, requestId), 'sign_in.completed', account)
    return { session, request }
  })
}

/** Who is signed in; undefined when the session is unknown or over. */
export async function findSession(ctx: Context, session: string): Promise<accounts.Account | undefined> {
  const secret = await secrets.find(ctx, ['session'], session)
  if (!secret || secret.accountId === null || secrets.isExpired(ctx, secret)) return undefined
  const account = await accounts.findById(ctx, secret.accountId)
  return account?.verified ? account : undefined
}

async function findLink(ctx: Context, link: string): Promise<OpenLink & { secret: store.Secret }> {
  const secret = await secrets.find(ctx, ['link'], link)
  if (!secret || secret.accountId === null || secret.request === null) {
    throw new DomainError('notFound', 'There is no such sign-in link.')
  }
  if (secret.usedAt !== null || secrets.isExpired(ctx, secret)) throw over()
  const account = await accounts.findById(ctx, secret.accountId)
  if (!account?.verified) throw over()
  return { account, request: secret.request, secret }
}

async function mailLink(
  tx: Context,
  principal: Principal,
  account: accounts.Account,
  { app }: AuthorizationRequest,
  link: string,
): Promise<void> {
  await outbox.enqueue(tx, principal, {
    to: account.email,
    subject: 'Your sign-in link',
    text: [
      `Someone, hopefully you, wants to connect the app ${app.name} to an organization that you manage.`,
      '',
      'To sign in and decide, open this page. The link works once, for 15 minutes:',
      `${tx.settings.publicUrl}/oauth/aftership/sign-in/${link}`,
      '',
      'If that was not you, ignore this mail: nothing happens without you.',
    ].join('\n'),
  })
  await record(tx, principal, 'sign_in.mailed', account)
}

async function record(tx: Context, principal: Principal, type: string, { id, email }: accounts.Account) {
  await events.record(tx, principal, type, id, { account: { id, email } })
}

/** Accounts belong to no organization: signing in has no tenant. */
function principalOf(actor: string, requestId: string): Principal {
  return { vendor: 'aftership', tenant: '', actor, requestId }
}

function over(): DomainError {
  return new DomainError('gone', 'This sign-in link was used already or is older than 15 minutes.')
}

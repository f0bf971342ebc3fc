// How members come in and go out: contract sections 9 and 10. A login is one transaction (the token's row, `lastLogin`,
// the event) between two costly things outside of it: the password's hash and the token's signature.

import { timestamp } from '../../platform/clock.ts'
import { type Context, withTransaction } from '../../platform/context.ts'
import type { DomainError } from '../../platform/errors.ts'
import type { App } from './apps.store.ts'
import { recordQuietly } from './changes.ts'
import * as codes from './codes.ts'
import { refusal } from './errors.ts'
import type { Member } from './member.ts'
import * as members from './members.store.ts'
import * as memberRules from './members.ts'
import type { AppPrincipal } from './realm.ts'
import { redirectAfter } from './redirects.ts'
import { codeLimit, limitMails, loginLimits, resetLimits, type Visitor } from './sign-in-limits.ts'
import * as tokenStore from './tokens.store.ts'
import * as tokens from './tokens.ts'

export interface SignedIn {
  token: tokens.AccessToken
  member: Member
  /** Where the page should go; empty for nowhere. */
  redirect: string
}

type SignUpFields = Pick<memberRules.NewMember, 'email' | 'planIds' | 'customFields' | 'metaData'>

/** Makes a member and logs it in. Throws as `members.create`. */
export async function signUp(
  ctx: Context,
  visitor: Visitor,
  fields: SignUpFields & { password: string },
): Promise<SignedIn> {
  const input = await memberRules.withHashedPassword(ctx, visitor.principal, { ...fields, bySelf: true })
  const issuing = await issuingOf(ctx, visitor)
  const joined = await withTransaction(ctx, visitor.principal, tx => join(tx, visitor, input, issuing))
  return signedIn(ctx, visitor, joined, 'afterSignup')
}

/**
 * The same with a code that was mailed in place of a password, which proves the email. Throws accessDenied (switched
 * off), passwordlessCodeInvalid, `rateLimited` (a hundred wrong codes of an address in 15 minutes), and as `members.create`.
 */
export async function signUpWithCode(
  ctx: Context,
  visitor: Visitor,
  { code, ...fields }: SignUpFields & { code: string },
): Promise<SignedIn> {
  requirePasswordless(visitor.app)
  const issuing = await issuingOf(ctx, visitor)
  const joined = await ctx.attempts.run([codeLimit(visitor)], () =>
    withTransaction(ctx, visitor.principal, async tx => {
      if (!(await codes.redeem(tx, visitor.principal, 'signup', fields.email, code))) return undefined
      return join(tx, visitor, { ...fields, passwordHash: null, verified: true, bySelf: true }, issuing)
    }),
  )
  if (!joined) throw codeInvalid()
  return signedIn(ctx, visitor, joined, 'afterSignup')
}

/**
 * Logs a member in. An unknown email, a wrong password, none set and a suspended member are alike, in time too. Throws
 * credentialsInvalid and `rateLimited` (ten failures of an email in 15 minutes, a hundred of an address).
 */
export async function logIn(
  ctx: Context,
  visitor: Visitor,
  { email, password }: { email: string; password: string },
): Promise<SignedIn> {
  const signed = await ctx.attempts.run(loginLimits(ctx, visitor, email), async () => {
    const found = await members.findByEmail(ctx, visitor.principal, email)
    const matches = await ctx.passwords.verify(password, found?.passwordHash)
    if (!found || !matches) return undefined
    const rehashed = await rehash(ctx, password, found.passwordHash)
    return enter(ctx, visitor, found.id, async (_tx, member) => {
      // Changed while it was verified: then it is no longer the password.
      if (member.passwordHash !== found.passwordHash) return undefined
      return { ...member, passwordHash: rehashed ?? member.passwordHash }
    })
  })
  if (!signed) throw refusal('credentialsInvalid', 'unauthenticated', 'unknown email, wrong password, or suspended')
  return signed
}

/** Logs a member in with a mailed code. Throws accessDenied (switched off), passwordlessCodeInvalid and as `logIn` `rateLimited`. */
export async function logInWithCode(
  ctx: Context,
  visitor: Visitor,
  { email, code }: { email: string; code: string },
): Promise<SignedIn> {
  const { principal, app } = visitor
  requirePasswordless(app)
  const signed = await ctx.attempts.run(loginLimits(ctx, visitor, email), async () => {
    const found = await members.findByEmail(ctx, principal, email)
    if (!found) return undefined
    return enter(ctx, visitor, found.id, async (tx, member) =>
      (await codes.redeem(tx, principal, 'login', email, code)) ? member : undefined,
    )
  })
  if (!signed) throw codeInvalid()
  return signed
}

/**
 * Mails a login code; to a suspended member nothing is sent. Throws accessDenied (switched off), noSuchMember and
 * `rateLimited` (a hundred codes asked for by an address in an hour).
 */
export async function sendLoginCode(ctx: Context, visitor: Visitor, email: string): Promise<void> {
  const { principal, app } = visitor
  requirePasswordless(app)
  await limitMails(ctx, visitor)
  const member = await members.findByEmail(ctx, principal, email)
  if (!member) throw refusal('noSuchMember', 'notFound', 'no member has this email')
  if (member.suspendedBy.length > 0) return
  await withTransaction(ctx, principal, tx => codes.send(tx, principal, 'login', member.email, app.name))
}

/** Mails a sign-up code. Throws accessDenied (switched off), emailTaken and `rateLimited` as `sendLoginCode`. */
export async function sendSignUpCode(ctx: Context, visitor: Visitor, email: string): Promise<void> {
  const { principal, app } = visitor
  requirePasswordless(app)
  await limitMails(ctx, visitor)
  if (await members.findByEmail(ctx, principal, email)) throw memberRules.emailTaken()
  await withTransaction(ctx, principal, tx => codes.send(tx, principal, 'signup', email, app.name))
}

/**
 * Mails a reset code to a member that may log in; whoever asks cannot tell whether there is one. Throws `rateLimited` as
 * `sendLoginCode`.
 */
export async function sendResetCode(ctx: Context, visitor: Visitor, email: string): Promise<void> {
  const { principal, app } = visitor
  await limitMails(ctx, visitor)
  const member = await members.findByEmail(ctx, principal, email)
  if (!member || member.suspendedBy.length > 0) return
  await withTransaction(ctx, principal, tx => codes.send(tx, principal, 'reset', member.email, app.name))
}

/**
 * Sets the password of the member to whom a reset code was mailed; all its tokens end. `email` narrows the search where
 * it is given. Throws resetCodeInvalid and `rateLimited` (wrong codes: ten of an address, 200 of an environment, in 15
 * minutes).
 */
export async function resetPassword(
  ctx: Context,
  visitor: Visitor,
  { code, email, newPassword }: { code: string; email: string | undefined; newPassword: string },
): Promise<void> {
  const { principal } = visitor
  const member = await ctx.attempts.run(resetLimits(visitor), async () => {
    const passwordHash = await ctx.passwords.hash(newPassword)
    return withTransaction(ctx, principal, async tx => {
      const to = email ?? (await codes.emailOfReset(tx, principal, code))
      const found = to === undefined ? undefined : await members.findByEmail(tx, principal, to)
      const member = found && (await admissible(tx, principal, found.id))
      if (!member || !(await codes.redeem(tx, principal, 'reset', member.email, code))) return undefined
      return memberRules.setPassword(tx, principal, member, passwordHash)
    })
  })
  if (!member) throw refusal('resetCodeInvalid', 'invalid', 'the code is wrong or late')
}

/** Ends the token that was sent, if it counts. Returns where the page should go. */
export async function logOut(ctx: Context, visitor: Visitor, token: string | undefined): Promise<string> {
  const { principal } = visitor
  const claims = token === undefined ? undefined : await tokens.verifyLiving(ctx, principal, token)
  if (!claims) return ''
  const { id } = claims
  await withTransaction(ctx, principal, async tx => {
    const ended = await tokenStore.end(tx, principal, { memberId: id, issuedAt: claims.iat }, 'logout')
    if (ended) await recordQuietly(tx, principal, 'member.logged_out', id)
  })
  const member = await members.find(ctx, principal, id)
  return member ? redirectAfter(ctx, principal, member, 'afterLogout') : ''
}

interface Entered {
  member: Member
  reserved: tokens.Reserved
}

/** A new member, logged in. Inside a transaction. */
async function join(
  tx: Context,
  { principal }: Visitor,
  input: memberRules.NewMember,
  issuing: tokens.Issuing,
): Promise<Entered> {
  const member = await memberRules.create(tx, principal, input)
  await recordQuietly(tx, principal, 'member.signed_in', member.id)
  return { member, reserved: await tokens.reserve(tx, principal, member.id, issuing) }
}

/** One transaction: the member, if `admit` and nothing else keeps it out, with a token and the time of its login. */
async function enter(
  ctx: Context,
  visitor: Visitor,
  id: string,
  admit: (tx: Context, member: Member) => Promise<Member | undefined>,
): Promise<SignedIn | undefined> {
  const { principal } = visitor
  const issuing = await issuingOf(ctx, visitor)
  const entered = await withTransaction(ctx, principal, async tx => {
    const member = await admissible(tx, principal, id)
    const admitted = member && (await admit(tx, member))
    if (!admitted) return undefined
    const present = { ...admitted, lastLogin: timestamp(tx.clock.now()) }
    await members.update(tx, principal, member, present)
    await recordQuietly(tx, principal, 'member.signed_in', id)
    return { member: present, reserved: await tokens.reserve(tx, principal, id, issuing) }
  })
  return entered && signedIn(ctx, visitor, entered, 'afterLogin')
}

/** The member as it is, held against other changes; undefined when it is gone or suspended. */
async function admissible(tx: Context, principal: AppPrincipal, id: string): Promise<Member | undefined> {
  await members.lock(tx, principal, id)
  const member = await members.find(tx, principal, id)
  return member?.suspendedBy.length === 0 ? member : undefined
}

async function signedIn(
  ctx: Context,
  { principal }: Visitor,
  { member, reserved }: Entered,
  moment: 'afterSignup' | 'afterLogin',
): Promise<SignedIn> {
  const [token, redirect] = await Promise.all([tokens.sign(reserved), redirectAfter(ctx, principal, member, moment)])
  return { token, member, redirect }
}

/** Read before a transaction: the first call of all makes the signing key. */
function issuingOf(ctx: Context, { app }: Visitor): Promise<tokens.Issuing> {
  return tokens.prepare(ctx, app.settings.tokenLifetimeSeconds)
}

/** A hash made at another cost than today's is made anew while the password is at hand; another time when many wait. */
async function rehash(ctx: Context, password: string, stored: string | null): Promise<string | undefined> {
  if (stored === null || !ctx.passwords.needsRehash(stored)) return undefined
  return ctx.passwords.hash(password).catch(() => undefined)
}

function requirePasswordless({ settings }: App): void {
  if (!settings.passwordless) throw refusal('accessDenied', 'forbidden', 'Passwordless login is switched off.')
}

function codeInvalid(): DomainError {
  return refusal('passwordlessCodeInvalid', 'invalid', 'the code is wrong or late')
}

// How often the door of an app may be tried: contract section 10. Windows are an environment's own.

import type { Context } from '../../platform/context.ts'
import { emailKey } from '../../platform/email.ts'
import { DomainError } from '../../platform/errors.ts'
import type { AttemptLimit } from '../../platform/rate-limit/attempts.ts'
import type { App } from './apps.store.ts'
import type { AppPrincipal } from './realm.ts'

const WINDOW_MS = 15 * 60_000
const FAILED_LOGINS_PER_EMAIL = 10
/** An address may be many people's: enough for an office, too few to try passwords on many accounts. */
const FAILED_PER_ADDRESS = 100
const MAIL_WINDOW_MS = 3_600_000
const MAILS_PER_ADDRESS = 100
const WRONG_RESETS_PER_ADDRESS = 10
const WRONG_RESETS_PER_ENVIRONMENT = 200

/** Who is at the door: the app of the public key, and the address that asks. */
export interface Visitor {
  principal: AppPrincipal
  app: App
  address: string
}

/**
 * An email that is asked for is remembered for as long as its window is open: its hash, since what is sent may be as long
 * as a body, and only while its address may still ask.
 */
export function loginLimits(ctx: Context, visitor: Visitor, email: string): AttemptLimit[] {
  const window = windowOf(visitor, 'logins')
  const person = ctx.vault.lookupHash(emailKey(email))
  return [
    { key: `${window}:address:${visitor.address}`, failures: FAILED_PER_ADDRESS, windowMs: WINDOW_MS },
    { key: `${window}:email:${person}`, failures: FAILED_LOGINS_PER_EMAIL, windowMs: WINDOW_MS },
  ]
}

/** A code is void after five wrong tries; this is for who tries a few with many emails. */
export function codeLimit(visitor: Visitor): AttemptLimit {
  return {
    key: `${windowOf(visitor, 'codes')}:${visitor.address}`,
    failures: FAILED_PER_ADDRESS,
    windowMs: WINDOW_MS,
  }
}

export function resetLimits(visitor: Visitor): AttemptLimit[] {
  const window = windowOf(visitor, 'resets')
  return [
    { key: `${window}:${visitor.address}`, failures: WRONG_RESETS_PER_ADDRESS, windowMs: WINDOW_MS },
    { key: window, failures: WRONG_RESETS_PER_ENVIRONMENT, windowMs: WINDOW_MS },
  ]
}

function windowOf({ principal }: Visitor, what: string): string {
  return `memberstack:${what}:${principal.tenant}:${principal.environment}`
}

/**
 * Nobody is to fill strangers' mailboxes, or to have so many codes alive that guessing one becomes likely. Throws
 * `rateLimited`.
 */
export async function limitMails(ctx: Context, visitor: Visitor): Promise<void> {
  const window = `${windowOf(visitor, 'mails')}:${visitor.address}`
  const { allowed, resetInMs } = await ctx.limits.take(window, MAILS_PER_ADDRESS, MAIL_WINDOW_MS)
  if (allowed) return
  const retryAfterS = Math.ceil(resetInMs / 1000)
  throw new DomainError('rateLimited', 'too many codes asked for by one address', { retryAfterS })
}

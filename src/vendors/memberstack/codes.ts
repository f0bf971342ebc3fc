// Codes by mail: contract section 10. Six digits, kept as a keyed hash, used once; a new one voids the older of its
// purpose, and so do five wrong tries.

import { timestamp } from '../../platform/clock.ts'
import type { Context } from '../../platform/context.ts'
import { emailKey } from '../../platform/email.ts'
import * as outbox from '../../platform/mail/outbox.ts'
import * as store from './codes.store.ts'
import type { AppPrincipal, Realm } from './realm.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const TRIES_MAX = 5
const MAILS_AN_HOUR = 5
const DIGITS = 6
/** Reset codes are all different; with a few thousand alive one of a million is found soon. */
const ATTEMPTS_MAX = 100

interface Kind {
  lifeMs: number
  subject: string
  /** What the mail says before the code. */
  lead: string
}

const kinds: Record<store.CodePurpose, Kind> = {
  signup: { lifeMs: 10 * MINUTE_MS, subject: 'Your sign-up code', lead: 'Your code to sign up at' },
  login: { lifeMs: 10 * MINUTE_MS, subject: 'Your login code', lead: 'Your code to log in at' },
  reset: { lifeMs: 15 * MINUTE_MS, subject: 'Reset your password', lead: 'Your code to reset your password at' },
  verification: { lifeMs: 24 * HOUR_MS, subject: 'Verify your email', lead: 'Your code to verify your email at' },
}

/**
 * Mails a new code to `email`; after the fifth in an hour nothing is sent and nothing changes. Call it inside a
 * transaction.
 */
export async function send(
  tx: Context,
  principal: AppPrincipal,
  purpose: store.CodePurpose,
  email: string,
  appName: string,
): Promise<void> {
  const { tenant, environment } = principal
  const key = emailKey(email)
  const window = `memberstack:mails:${tenant}:${environment}:${purpose}:${key}`
  const { allowed } = await tx.limits.take(window, MAILS_AN_HOUR, HOUR_MS)
  if (!allowed) return
  const { lifeMs, subject, lead } = kinds[purpose]
  const expiresAt = timestamp(tx.clock.now() + lifeMs)
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const code = newCode(tx)
    const stored = await store.replace(tx, {
      app_id: tenant,
      environment,
      purpose,
      email_key: key,
      code_hash: hashOf(tx, principal, purpose, key, code),
      tries: 0,
      expires_at: expiresAt,
    })
    if (!stored) continue
    const text = `${lead} ${appName}: ${code}\n\nIt is valid for ${lifeText(lifeMs)} and can be used once. If you did not ask for it, you need not do anything.\n`
    await outbox.enqueue(tx, principal, { to: email, subject: `${subject}: ${appName}`, text })
    return
  }
  throw new Error('no free reset code was found')
}

/**
 * Uses up the code of an email. False when it is wrong, late, used or void; the try is counted, so do not roll the
 * transaction back because of it.
 */
export async function redeem(
  tx: Context,
  realm: Realm,
  purpose: store.CodePurpose,
  email: string,
  code: string,
): Promise<boolean> {
  const key = emailKey(email)
  const row = await store.noteTry(tx, realm, purpose, key)
  if (!row) return false
  const right = isAlive(tx, row) && row.code_hash === hashOf(tx, realm, purpose, key, code)
  if (right || row.tries >= TRIES_MAX) await store.remove(tx, realm, purpose, key)
  return right
}

/** The key of the email that a reset code was mailed to, as it comes alone; `redeem` then uses it up. */
export async function emailOfReset(ctx: Context, realm: Realm, code: string): Promise<string | undefined> {
  const row = await store.findReset(ctx, realm, hashOf(ctx, realm, 'reset', '', code))
  return row && isAlive(ctx, row) ? row.email_key : undefined
}

/** A reset code that an email still has is void. */
export function voidReset(tx: Context, realm: Realm, email: string): Promise<void> {
  return store.remove(tx, realm, 'reset', emailKey(email))
}

/** Every code that an email still has is void. */
export function voidAll(tx: Context, realm: Realm, email: string): Promise<void> {
  return store.remove(tx, realm, undefined, emailKey(email))
}

function isAlive(ctx: Context, { expires_at }: store.CodeRow): boolean {
  return expires_at > timestamp(ctx.clock.now())
}

function newCode(ctx: Context): string {
  return String(BigInt(`0x${ctx.ids.hex32()}`) % 10n ** BigInt(DIGITS)).padStart(DIGITS, '0')
}

/** Bound to all that the code is for; a reset code to its environment alone, as it arrives without its email. */
function hashOf(ctx: Context, realm: Realm, purpose: store.CodePurpose, key: string, code: string): string {
  const owner = purpose === 'reset' ? '' : key
  return ctx.vault.lookupHash(['code', realm.tenant, realm.environment, purpose, owner, code].join('\n'))
}

function lifeText(ms: number): string {
  return ms < HOUR_MS ? `${ms / MINUTE_MS} minutes` : `${ms / HOUR_MS} hours`
}

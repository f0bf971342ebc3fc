// What a member does with itself: contract section 10.

import { type Context, withTransaction } from '../../platform/context.ts'
import { refusal } from './errors.ts'
import { hold } from './held-member.ts'
import type { Member } from './member.ts'
import * as members from './members.ts'
import * as removal from './removal.ts'
import type { Visitor } from './sign-in-limits.ts'
import type { TokenClaims } from './tokens.ts'

export interface AuthChanges {
  email?: string | undefined
  password?: { old: string; new: string } | undefined
}

/** Wrong old passwords of one member, in 15 minutes: a token that was taken is not to find out the password. */
const WRONG_PASSWORDS = 10
const WINDOW_MS = 15 * 60_000

/**
 * Changes email and password, both or neither. A new email is unverified; a new password ends every token but the one
 * that asks. Throws memberUnknown, passwordWrong, emailTaken, and `rateLimited` after ten wrong passwords.
 */
export async function changeAuth(
  ctx: Context,
  { principal }: Visitor,
  { id, iat }: TokenClaims,
  { email, password }: AuthChanges,
): Promise<Member> {
  const before = await members.get(ctx, principal, id)
  if (password) {
    const limit = {
      key: `memberstack:passwords:${principal.tenant}:${id}`,
      failures: WRONG_PASSWORDS,
      windowMs: WINDOW_MS,
    }
    const verify = async () => (await ctx.passwords.verify(password.old, before.passwordHash)) || undefined
    if (!(await ctx.attempts.run([limit], verify))) throw passwordWrong()
  }
  const passwordHash = password && (await ctx.passwords.hash(password.new))
  return withTransaction(ctx, principal, async tx => {
    let member = await hold(tx, principal, id)
    if (email !== undefined && email !== member.email) {
      member = await members.save(tx, principal, member, { ...member, email, verified: false })
    }
    if (passwordHash === undefined) return member
    // Changed while it was verified: then the old one is no longer the password.
    if (member.passwordHash !== before.passwordHash) throw passwordWrong()
    return members.setPassword(tx, principal, member, passwordHash, iat)
  })
}

/** Sets the first password of a member that has none; its tokens go on. Throws memberUnknown and passwordSet. */
export async function setFirstPassword(
  ctx: Context,
  { principal }: Visitor,
  id: string,
  password: string,
): Promise<Member> {
  if ((await members.get(ctx, principal, id)).passwordHash !== null) throw passwordSet()
  const passwordHash = await ctx.passwords.hash(password)
  return withTransaction(ctx, principal, async tx => {
    const member = await hold(tx, principal, id)
    if (member.passwordHash !== null) throw passwordSet()
    return members.storePassword(tx, principal, member, passwordHash)
  })
}

/** The member deletes itself. Throws accessDenied (the app does not let it) and memberUnknown. */
export async function removeSelf(ctx: Context, { principal, app }: Visitor, id: string): Promise<void> {
  if (!app.settings.allowMemberSelfDelete) {
    throw refusal('accessDenied', 'forbidden', 'Members of this app cannot delete themselves.')
  }
  await removal.remove(ctx, principal, id)
}

function passwordWrong() {
  return refusal('passwordWrong', 'forbidden', 'the old password is wrong')
}

function passwordSet() {
  return refusal('passwordSet', 'conflict', 'this member has a password already')
}

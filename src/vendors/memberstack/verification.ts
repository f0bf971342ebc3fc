// Whether an email is its member's: contract section 10. By code; the vendor mails a link.

import { type Context, withTransaction } from '../../platform/context.ts'
import * as codes from './codes.ts'
import { refusal } from './errors.ts'
import { hold } from './held-member.ts'
import * as members from './members.ts'
import type { Visitor } from './sign-in-limits.ts'

/** Mails a member a code for the email that it has now. Throws memberUnknown. */
export async function sendCode(ctx: Context, { principal, app }: Visitor, id: string): Promise<void> {
  const { email } = await members.get(ctx, principal, id)
  await withTransaction(ctx, principal, tx => codes.send(tx, principal, 'verification', email, app.name))
}

/** Throws memberUnknown and verificationCodeInvalid. */
export async function verifyEmail(ctx: Context, { principal }: Visitor, id: string, code: string): Promise<void> {
  const verified = await withTransaction(ctx, principal, async tx => {
    const member = await hold(tx, principal, id)
    // The code is the email's: one that was mailed to an older address is void.
    if (!(await codes.redeem(tx, principal, 'verification', member.email, code))) return false
    await members.save(tx, principal, member, { ...member, verified: true })
    return true
  })
  if (!verified) throw refusal('verificationCodeInvalid', 'invalid', 'the code is wrong or late')
}

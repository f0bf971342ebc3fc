// A member whose bill cannot be settled stays, and whoever asked is told, whatever stands at Stripe's address.

import type { Findings } from '../findings.ts'
import type { StripeAddress } from './stripe-address.ts'
import { type Send, STRIPE_KEY, settleBill } from './tenants.ts'
import type { Way } from './ways.ts'

export async function settleAgainst(
  send: Send,
  stripe: StripeAddress,
  ways: Record<string, Way>,
  findings: Findings,
): Promise<void> {
  for (const [name, way] of Object.entries(ways)) {
    stripe.set(way)
    const { status, body } = await send(settleBill)
    findings.count("ways that Stripe's address failed")
    const told = JSON.stringify(body)
    if (status < 500 || typeof body !== 'object')
      findings.fail(`Stripe's address ${name}: answered with ${status} ${told}`)
    if (told.includes(STRIPE_KEY)) findings.fail(`Stripe's address ${name}: the answer has the key: ${told}`)
  }
  stripe.set(undefined)
  const { status, body } = await send(settleBill)
  if (status !== 200 || !stripe.hasDeleted()) {
    findings.fail(`Stripe is well again, and the answer is ${status} ${JSON.stringify(body)}`)
  }
}

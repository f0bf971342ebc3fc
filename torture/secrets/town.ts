// What every life in a run has at hand: the server, its operator, chance, and the ledger that all secrets are noted in.

import type { Random } from '../random.ts'
import type { Ledger } from './ledger.ts'
import type { Transcript } from './wire.ts'

export interface Town {
  wire: Transcript
  ledger: Ledger
  random: Random
  /** An admin's token for the control API. */
  token: string
  /** Receivers of webhooks that say back all that they were sent: with 200, and with 500. */
  receivers: string[]
  /** Stands in for Stripe, and says back what it was sent. */
  stripe: string
  /** Moves on the clock where that stands still, so that mails have an order. */
  tick(): void
}

/** A call of the control API; `path` is below its base. */
export function operate<T = Record<string, string>>(town: Town, method: string, path: string, body?: unknown) {
  return town.wire.json<T>(method, `/understudy/v1${path}`, { authorization: `Bearer ${town.token}` }, body)
}

/** A new secret of the run's own, noted. */
export function secretOf({ ledger, random }: Town, kind: string, prefix = ''): string {
  return ledger.add(kind, `${prefix}${random.bytes(24).toString('hex')}`)
}

/** A password that has to be escaped wherever it is written. */
export function passwordOf({ ledger, random }: Town): string {
  return ledger.add('password', `pä"s\\s <&+%> ${random.bytes(12).toString('base64')}`)
}

/** The text of the newest mail to somebody, as the operator reads it. Throws where there is none. */
export async function newestMail(town: Town, to: string): Promise<string> {
  const query = `/mails?to=${encodeURIComponent(to)}&limit=1`
  const { data } = await operate<{ data: { id: string }[] }>(town, 'GET', query)
  const [mail] = data
  if (!mail) throw new Error(`there is no mail to ${to}`)
  return (await operate<{ text: string }>(town, 'GET', `/mails/${mail.id}`)).text
}

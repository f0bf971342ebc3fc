// Webhooks and mails: each goes out at least once; once it is written down that it did, never again. What was under way
// at a kill may come once more, with the same content: nobody could write down that it came.

import type { Findings } from '../findings.ts'
import type { Receivers } from './receivers.ts'
import type { Row, Store } from './stores.ts'

/** Everything that was sent, or is to be. */
const SENDING = [
  `select d.id, d.vendor, d.body, d.status, d.claim,
    (select count(*) from webhook_attempts a where a.delivery_id = d.id and a.response_status is not null) as answered,
    (select count(*) from webhook_attempts a where a.delivery_id = d.id and a.error is null) as successes
   from webhook_deliveries d`,
  'select id, status, claim from mails',
]

export class Once {
  readonly #receivers: Receivers
  readonly #findings: Findings
  /** At how many deaths something was under way, by its id. */
  readonly #underWay = new Map<string, number>()

  constructor(receivers: Receivers, findings: Findings) {
    this.#receivers = receivers
    this.#findings = findings
    for (const what of ['webhooks', 'mails']) {
      findings.count(`${what} that came once more after a kill`, 0)
      findings.count(`${what} sent again though written down, or lost`, 0)
    }
  }

  /** A server is dead, and its claims are still there. */
  async noteDeath(store: Store): Promise<void> {
    for (const row of (await store.read(...SENDING)).flat()) {
      if (row.claim !== null) this.#underWay.set(String(row.id), this.#deathsOf(row) + 1)
    }
  }

  /** Looks at what came, while nobody sends. `atEnd`: everything has come. */
  async check(store: Store, atEnd = false): Promise<void> {
    const [deliveries = [], mails = []] = await store.read(...SENDING)
    let repeats = 0
    for (const row of deliveries) {
      const came = this.#receivers.posted.get(`/${row.vendor} ${row.body}`) ?? 0
      const answered = Number(row.answered)
      const isDone = row.status === 'completed'
      repeats += Math.max(0, came - answered)
      const isGood =
        came >= answered &&
        came <= answered + this.#deathsOf(row) &&
        Number(row.successes) === (isDone ? 1 : 0) &&
        (isDone || !atEnd)
      if (!isGood)
        this.#fail('webhooks', `delivery ${row.id}, ${row.status}: ${answered} answers known, came ${came} times`)
    }
    let mailRepeats = 0
    for (const row of mails) {
      const came = this.#receivers.mailed.get(`<${row.id}@understudy>`) ?? 0
      const known = row.status === 'sent' ? 1 : 0
      mailRepeats += Math.max(0, came - known)
      const isGood = came >= known && came <= known + this.#deathsOf(row) && (known === 1 || !atEnd)
      if (!isGood) this.#fail('mails', `mail ${row.id}, ${row.status}: came ${came} times`)
    }
    if (!atEnd) return
    this.#findings.count('webhooks sent', deliveries.length)
    this.#findings.count('webhooks that came once more after a kill', repeats)
    this.#findings.count('mails sent', mails.length)
    this.#findings.count('mails that came once more after a kill', mailRepeats)
  }

  #deathsOf({ id }: Row): number {
    return this.#underWay.get(String(id)) ?? 0
  }

  #fail(what: string, found: string): void {
    this.#findings.count(`${what} sent again though written down, or lost`)
    this.#findings.fail(`${found}; it was under way at so many deaths as it may have come more often`)
  }
}

/** Whether nothing is waiting to be sent. */
export async function isDrained(store: Store): Promise<boolean> {
  const waiting = await store.read(
    'select 1 as waits from webhook_deliveries where due_at is not null limit 1',
    "select 1 as waits from mails where status = 'queued' limit 1",
  )
  return waiting.flat().length === 0
}

// Reads the whole log beside its seals, and says what is not as it was sealed. Each event and each seal is looked at by
// itself, so that one change is told once, and not of all that follows it.

import { createHash } from 'node:crypto'
import type { Context } from '../context.ts'
import { DomainError } from '../errors.ts'
import * as store from './seals.store.ts'
import { watermarkProof } from './seals.ts'
import { verifyChains } from './seals-chains.ts'
import { type Finding, Findings } from './seals-findings.ts'

const BATCH = 1000

export interface Verdict {
  /** Seals that are there, and the tenants whose they are. */
  sealed: number
  tenants: number
  /** Events that are newer than the last seal. */
  unsealed: number
  /** Stands for the whole history so far, to be noted elsewhere: `SEQUENCE:HASH`. */
  head: string
  /** The first of them; `found` says how many there are. */
  findings: Finding[]
  found: number
}

/**
 * Looks at the whole log, in memory that does not grow with it, as it is at one moment; writers go on. `expected` is the
 * `head` of an earlier verdict: the history up to there must still be the same. Throws `invalid` when it is none.
 *
 * What seals cannot show: what was changed before it was sealed, in the second after its commit; and a whole store that
 * was put back to an older copy, or whose seals were all removed and made anew by the server, unless `expected` is given.
 */
export async function verify(ctx: Context, expected?: string): Promise<Verdict> {
  const noted = expected === undefined ? undefined : headOf(expected)
  const snapshot = ctx.db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only')
  return snapshot.execute(async db => {
    const tx: Context = { ...ctx, db }
    const findings = new Findings()
    const mark = await verifyWatermark(tx, findings)
    const { seals, chains, length } = await verifyChains(tx, findings)
    if (mark.seals !== undefined && mark.seals !== length) {
      const message = `${mark.seals} events were sealed, and the chains hold ${length}: chains, or their ends, are gone with their heads`
      findings.add({ kind: 'seals-removed', message })
    }
    const head = await verifyOrder(tx, findings, mark.sequence, noted)
    const unsealed = await store.countEventsAfter(tx, mark.sequence)
    return { sealed: seals, tenants: chains, unsealed, head, findings: findings.kept, found: findings.count }
  })
}

/** How far the log is sealed, and with how many seals where that can be told. */
async function verifyWatermark(tx: Context, findings: Findings): Promise<{ sequence: number; seals?: number }> {
  const mark = await store.findWatermark(tx)
  const sequence = await store.lastSequence(tx)
  if (!mark) {
    if (sequence > 0) findings.add({ kind: 'watermark-removed', message: 'the watermark of the seals is gone' })
    return { sequence }
  }
  if (mark.proof === watermarkProof(tx.vault, mark) && mark.sequence >= sequence) return mark
  const message = 'the watermark of the seals was changed, or put back to an older one'
  findings.add({ kind: 'watermark-changed', message })
  return { sequence }
}

interface NotedHead {
  sequence: number
  hash: string
}

/** Finds events without a seal that are older than the last one. Returns the head of the history. */
async function verifyOrder(tx: Context, findings: Findings, upTo: number, noted?: NotedHead): Promise<string> {
  const now = createHash('sha256')
  const then = createHash('sha256')
  // The first number is 1, unless somebody else gave it.
  let after = Number.MIN_SAFE_INTEGER
  while (after < upTo) {
    const events = await store.listEventNames(tx, after, upTo, BATCH)
    const seals = await store.listPlaces(tx, after, upTo, BATCH)
    const end = Math.min(endOf(events, upTo), endOf(seals, upTo))
    const sealed = new Set(seals.map(({ sequence }) => sequence))
    for (const event of events) {
      if (event.sequence > end || sealed.has(event.sequence) || findings.moved.has(event.id)) continue
      findings.event('event-unsealed', event, 'has no seal: it was put in later, or its seal was removed')
    }
    for (const { sequence, hash } of seals) {
      if (sequence > end) break
      now.update(hash)
      if (noted && sequence <= noted.sequence) then.update(hash)
    }
    after = end
  }
  if (noted && (noted.sequence > upTo || then.digest('base64url') !== noted.hash)) {
    const message = `the history up to sequence ${noted.sequence} is not the one whose head was noted`
    findings.add({ kind: 'history-changed', message })
  }
  return `${upTo}:${now.digest('base64url')}`
}

/** Up to where a page has all there is. */
function endOf(page: readonly { sequence: number }[], upTo: number): number {
  return page.length < BATCH ? upTo : (page.at(-1)?.sequence ?? upTo)
}

function headOf(text: string): NotedHead {
  const [, sequence, hash] = /^(\d{1,15}):([\w-]{43})$/.exec(text) ?? []
  if (sequence === undefined || hash === undefined) {
    throw new DomainError('invalid', 'a head is SEQUENCE:HASH, as an earlier verification printed it')
  }
  return { sequence: Number(sequence), hash }
}

// Walks the chains, each from its start to its head, beside the events that they seal.

import type { Context } from '../context.ts'
import type { EventRow } from './events.ts'
import * as store from './seals.store.ts'
import { chainOf, eventHash, headProof, type Seal, sealHash } from './seals.ts'
import type { Findings } from './seals-findings.ts'

const BATCH = 500
/** More chains without a seal than anybody wants to read about. */
const ALONE_MAX = 10_000

/** A seal that was looked at, as the next one needs it. */
interface Seen {
  seal: Seal
  /** It was told to be changed; what rests on its hash cannot be told. */
  changed: boolean
  head: store.HeadRow | undefined
}

interface Totals {
  /** Seals that are there. */
  seals: number
  chains: number
  /** Seals that there should be, as far as heads and seals say. */
  length: number
}

/** Looks at every seal and its event, and at every head. Call it in a transaction that sees one state of the store. */
export async function verifyChains(tx: Context, findings: Findings): Promise<Totals> {
  const totals: Totals = { seals: 0, chains: 0, length: 0 }
  let before: Seen | undefined
  let page: Seal[]
  do {
    const place = before?.seal ?? { vendor: '', tenant: '', number: Number.MIN_SAFE_INTEGER }
    page = await store.list(tx, place, BATCH)
    const events = await eventsOf(tx, page)
    const heads = await headsOf(tx, page)
    for (const seal of page) {
      const continued = before !== undefined && chainOf(before.seal) === chainOf(seal)
      if (before && !continued) endChain(tx, findings, totals, before)
      const changed = await checkSeal(tx, findings, seal, continued ? before : undefined, events.get(seal.sequence))
      before = { seal, changed, head: heads.get(chainOf(seal)) }
      totals.seals++
    }
  } while (page.length === BATCH)
  if (before) endChain(tx, findings, totals, before)
  for (const head of await store.listHeadsAlone(tx, ALONE_MAX)) endEmptyChain(tx, findings, totals, head)
  return totals
}

async function eventsOf(tx: Context, seals: readonly Seal[]): Promise<Map<number, EventRow>> {
  const sequences = seals.map(({ sequence }) => sequence)
  return new Map((await store.listEventsAt(tx, sequences)).map(event => [event.sequence, event]))
}

async function headsOf(tx: Context, seals: readonly Seal[]): Promise<Map<string, store.HeadRow>> {
  return new Map((await store.listHeadsOf(tx, seals)).map(head => [chainOf(head), head]))
}

/** Returns whether the seal was told to be changed. */
async function checkSeal(
  tx: Context,
  findings: Findings,
  seal: Seal,
  before: Seen | undefined,
  event: EventRow | undefined,
): Promise<boolean> {
  const number = (before?.seal.number ?? 0) + 1
  if (seal.number > number) {
    const from = before?.seal.sequence ?? 0
    findings.sealsRemoved(seal, number, seal.number - 1, `of events between sequence ${from} and ${seal.sequence}`)
  } else if (!before?.changed && sealHash(tx.vault, before?.seal.hash ?? '', seal) !== seal.hash) {
    const stands = event !== undefined && eventHash(tx.vault, event) === seal.event_hash
    findings.seal(seal, stands ? 'its event is as it was sealed' : 'nothing can be told of its event')
    return true
  }
  await checkEvent(tx, findings, seal, event)
  return false
}

async function checkEvent(tx: Context, findings: Findings, seal: Seal, event: EventRow | undefined): Promise<void> {
  if (event?.id === seal.event_id) {
    if (eventHash(tx.vault, event) !== seal.event_hash) {
      findings.event('event-changed', event, 'is not as it was sealed')
    }
    return
  }
  const elsewhere = await store.findEvent(tx, seal.event_id)
  if (elsewhere) findings.eventMoved(seal, elsewhere)
  else findings.eventRemoved(seal, event)
}

function endChain(tx: Context, findings: Findings, totals: Totals, { seal, changed, head }: Seen): void {
  totals.chains++
  if (head === undefined) {
    findings.head('head-removed', seal, 'is gone')
  } else if (head.proof !== headProof(tx.vault, head)) {
    findings.head('head-changed', head, 'was changed')
  } else if (head.number > seal.number) {
    findings.sealsRemoved(seal, seal.number + 1, head.number, 'at the end of the chain')
    totals.length += head.number
    return
  } else if (head.number < seal.number || (head.hash !== seal.hash && !changed)) {
    findings.head('head-changed', head, 'was put back to an older one')
  }
  totals.length += seal.number
}

function endEmptyChain(tx: Context, findings: Findings, totals: Totals, head: store.HeadRow): void {
  if (head.proof !== headProof(tx.vault, head)) {
    findings.head('head-changed', head, 'was changed, and there is no seal')
    return
  }
  findings.sealsRemoved(head, 1, head.number, 'which is the whole chain')
  totals.length += head.number
}

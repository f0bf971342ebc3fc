// What a look at the seals can find, each in one line that names the row.

import type { EventName } from './seals.store.ts'
import type { Head, Seal } from './seals.ts'

export interface Finding {
  kind:
    | 'event-changed'
    | 'event-removed'
    | 'event-moved'
    | 'event-unsealed'
    | 'seal-changed'
    | 'seals-removed'
    | 'head-changed'
    | 'head-removed'
    | 'watermark-changed'
    | 'watermark-removed'
    | 'history-changed'
  vendor?: string
  tenant?: string
  /** Of the event in the log. */
  sequence?: number
  /** Of the event. */
  id?: string
  type?: string
  /** Of the seal in its chain. */
  number?: number
  message: string
}

/** So many are kept; more are counted. */
const KEPT_MAX = 100

export class Findings {
  readonly kept: Finding[] = []
  /** Events that were found elsewhere. */
  readonly moved = new Set<string>()
  count = 0

  add(finding: Finding): void {
    this.count++
    if (this.kept.length < KEPT_MAX) this.kept.push(finding)
  }

  event(kind: Finding['kind'], event: EventName, what: string): void {
    const { sequence, id, vendor, tenant, type } = event
    const message = `event ${shown(id)} (sequence ${sequence}, ${shownChain(event)}, ${shown(type)}) ${what}`
    this.add({ kind, vendor, tenant, sequence, id, type, message })
  }

  eventMoved(seal: Seal, event: EventName): void {
    this.event('event-moved', event, `was sealed at sequence ${seal.sequence}`)
    if (this.moved.size < KEPT_MAX) this.moved.add(event.id)
  }

  eventRemoved(seal: Seal, inItsPlace: EventName | undefined): void {
    const { vendor, tenant, sequence, event_id: id } = seal
    const other = inItsPlace ? `; in its place stands ${shown(inItsPlace.id)}, ${shown(inItsPlace.type)}` : ''
    const message = `event ${shown(id)} (sequence ${sequence}, ${shownChain(seal)}) was removed${other}`
    this.add({ kind: 'event-removed', vendor, tenant, sequence, id, message })
  }

  seal(seal: Seal, what: string): void {
    const { vendor, tenant, number, sequence, event_id: id } = seal
    const message = `seal ${number} of ${shownChain(seal)} was changed; ${what}`
    this.add({ kind: 'seal-changed', vendor, tenant, number, sequence, id, message })
  }

  sealsRemoved(chain: Pick<Head, 'vendor' | 'tenant'>, first: number, last: number, where: string): void {
    const { vendor, tenant } = chain
    const which = first === last ? `seal ${first}` : `seals ${first} to ${last}`
    const message = `${which} of ${shownChain(chain)} ${first === last ? 'is' : 'are'} gone, ${where}`
    this.add({ kind: 'seals-removed', vendor, tenant, number: first, message })
  }

  head(kind: Finding['kind'], { vendor, tenant }: Pick<Head, 'vendor' | 'tenant'>, what: string): void {
    this.add({ kind, vendor, tenant, message: `the head of the chain of ${shownChain({ vendor, tenant })} ${what}` })
  }
}

function shownChain({ vendor, tenant }: Pick<Head, 'vendor' | 'tenant'>): string {
  return tenant === '' ? shown(vendor) : `${shown(vendor)}/${shown(tenant)}`
}

/** Whoever changed the store may have put anything there: it stays on its line, and does nothing to a terminal. */
function shown(text: string): string {
  return /^[\w.:@+-]{1,200}$/.test(text) ? text : JSON.stringify(text.slice(0, 200)).replace(/[^\x20-\x7e]/g, '?')
}

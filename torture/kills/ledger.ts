// What the clients know: which change was acknowledged, and of which nobody was told. Held against the event log after
// each kill: what was acknowledged is there once, what was not is there wholly or not at all, and nothing else is.

import type { Findings } from '../findings.ts'
import type { StoredEvent } from './books.ts'
import type { Request } from './wire.ts'

/** One event that a request makes: of what, by the name that our clients know it by, and which. */
export type Step = readonly [name: string, type: string]

/** A change that is asked for. */
export interface Change {
  request: Request
  /** The answer when it is done. */
  status: number
  steps: readonly Step[]
  /** The answer when it is asked for again, having been done: where a client would ask again. */
  again?: { status: number; steps?: readonly Step[] }
}

interface Entry {
  acknowledged: string[]
  /** What a job will do, some time. */
  due: string[]
}

export class Ledger {
  readonly #entries = new Map<string, Entry>()
  #doubts: Change[] = []
  acknowledged = 0

  /** Its outcome is unknown until `acknowledge` or the next `compare`. */
  begin(change: Change): void {
    this.#doubts.push(change)
  }

  acknowledge(change: Change): void {
    this.#doubts = this.#doubts.filter(other => other !== change)
    this.acknowledged++
    this.#note(change.steps)
  }

  /** It was refused: nothing of it may be there. */
  refuse(change: Change): void {
    this.#doubts = this.#doubts.filter(other => other !== change)
  }

  /** A job is to do this, once, before the end. */
  expectOf(steps: readonly Step[]): void {
    for (const [name, type] of steps) this.#entry(name).due.push(type)
  }

  /**
   * Compares all that is known with the whole log, and settles every doubt. `atEnd`: what jobs were to do is done. Returns
   * the changes that were in doubt, and whether they turned out to be done.
   */
  compare(events: readonly StoredEvent[], findings: Findings, atEnd = false): { change: Change; done: boolean }[] {
    const found = typesByName(events)
    const settled = this.#doubts.map(change => ({ change, done: this.#settle(change, found, findings) }))
    this.#doubts = []
    for (const [name, { acknowledged, due }] of this.#entries) {
      const types = found.get(name) ?? []
      const more = types.slice(acknowledged.length)
      const wanted = atEnd ? due : due.slice(0, more.length)
      if (types.join() === [...acknowledged, ...wanted].join()) continue
      const lost = acknowledged.some((type, place) => types[place] !== type)
      findings.count(lost ? 'acknowledged changes lost' : 'changes nobody asked for')
      findings.fail(`${name}: acknowledged ${acknowledged}; due ${due}; in the log ${types}`)
      // Once is enough.
      this.#entries.delete(name)
    }
    return settled
  }

  /** Whether a change that nobody was told of is done. Half of it is a broken promise. */
  #settle({ request, steps }: Change, found: Map<string, string[]>, findings: Findings): boolean {
    const wanted = Map.groupBy(steps, ([name]) => name)
    const parts = [...wanted].map(([name, own]) => {
      const known = this.#entry(name).acknowledged.length
      const more = (found.get(name) ?? []).slice(known, known + own.length)
      return { done: more.join() === own.map(([, type]) => type).join(), nothing: more.length === 0 }
    })
    const done = parts.every(part => part.done)
    if (!done && !parts.every(part => part.nothing)) {
      findings.count('requests done by half')
      findings.fail(`${request.method} ${request.path} was done by half: of ${steps.join(' ')}`)
    }
    if (done) this.#note(steps)
    return done
  }

  #note(steps: readonly Step[]): void {
    for (const [name, type] of steps) this.#entry(name).acknowledged.push(type)
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name) ?? { acknowledged: [], due: [] }
    this.#entries.set(name, entry)
    return entry
  }
}

/** The types of each subject's events in their order, under our names. */
function typesByName(events: readonly StoredEvent[]): Map<string, string[]> {
  const names = new Map<string, string>()
  const found = new Map<string, string[]>()
  for (const event of events) {
    const created = nameIn(event)
    if (created !== undefined) names.set(event.subject, created)
    const name = names.get(event.subject)
    if (name === undefined) continue
    const types = found.get(name) ?? []
    types.push(event.type.replace(/^(credential|api_key)\./, 'key.'))
    found.set(name, types)
  }
  return found
}

/** Under which name our clients know what is created here. */
function nameIn({ vendor, type, data }: StoredEvent): string | undefined {
  switch (type) {
    case 'account.created':
      return `account ${data.account.email}`
    case 'membership.created':
      return `membership ${data.membership.account.email}`
    case 'user.created':
      return `user ${data.user.name}`
    case 'member.created':
      return `member ${data.member.auth.email}`
    case 'grant.created':
      return `grant ${data.grant.accountId}`
    case 'credential.created':
    case 'api_key.created':
      return data.holder ? `${vendor} key ${data.holder}` : undefined
    default:
      return undefined
  }
}

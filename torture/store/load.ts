// Mixed load of all three vendors on a server whose store is in trouble, and what became of each change: acknowledged,
// refused, or in doubt where no answer came. Every answer has to be the one asked for, or the vendor's own 503; what a read
// shows has to be what was made.

import { isDeepStrictEqual } from 'node:util'
import type { Findings } from '../findings.ts'
import type { Random } from '../random.ts'
import { type Answer, type Client, jsonOf } from './client.ts'
import { nameOf, type Vendor, WIRES } from './world.ts'

const PATIENCE_MS = 60_000
const CHANGES_SHARE = 0.6
/** A list that is asked for has as many at least, where there are. */
const LISTED_MIN = 5
/** A password takes its time to hash: few of them leave some to the others. */
const VENDORS: readonly Vendor[] = [
  ...Array<Vendor>(10).fill('easypost'),
  ...Array<Vendor>(10).fill('aftership'),
  'memberstack',
]

export interface Change {
  vendor: Vendor
  name: string
  outcome: 'acknowledged' | 'refused' | 'in doubt'
  /** What the answer showed of it. */
  shown?: unknown
}

interface Condition {
  holds(): boolean
  resolve(): void
}

export class Load {
  /** Everything that was asked to be made. */
  readonly changes: Change[]
  /** Names of what is made beside it, which lists show too. */
  readonly others = new Set<string>()
  /** Set while the store takes no changes and still answers: reads that begin now have to be answered. */
  readsMustPass = false
  /** Set while the server is killed or stopped: what is asked then may have no answer. */
  mayEnd = false
  answered = 0
  acknowledged = 0
  refused = 0
  readsRefused = 0
  compared = 0
  /** The longest that any answer took. */
  slowestMs = 0
  #made: number
  #people: number
  readonly #byName: Map<string, Change>
  #running = true
  readonly #workers: Promise<void>[]
  readonly #conditions = new Set<Condition>()
  readonly #client: Client
  readonly #findings: Findings
  readonly #random: Random

  /** Starts at once, on the server that `url` gives just then. `former`: of the load that made what is there already. */
  constructor(
    url: () => string,
    { client, findings, random, workers }: { client: Client; findings: Findings; random: Random; workers: number },
    former: readonly Change[] = [],
  ) {
    this.changes = [...former]
    this.#byName = new Map(former.map(change => [change.name, change]))
    this.#people = former.filter(({ vendor }) => vendor === 'aftership').length
    this.#made = former.length - this.#people
    this.#client = client
    this.#findings = findings
    this.#random = random
    this.#workers = Array.from({ length: workers }, () => this.#work(url))
  }

  /** Resolves once `holds`, looked at with every answer. Rejects, with `what`, where that takes too long. */
  until(what: string, holds: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const condition = { holds, resolve: () => end(resolve) }
      const late = () => end(() => reject(new Error(`it never came about that ${what}`)))
      const timer = setTimeout(late, PATIENCE_MS)
      const end = (settle: () => void) => {
        clearTimeout(timer)
        this.#conditions.delete(condition)
        settle()
      }
      this.#conditions.add(condition)
    })
  }

  /** So many more changes are acknowledged, or refused, than are by now. */
  more(what: 'acknowledged' | 'refused' | 'readsRefused', count: number): Promise<void> {
    const enough = this[what] + count
    return this.until(`${count} more are ${what}`, () => this[what] >= enough)
  }

  async stop(): Promise<void> {
    if (!this.#running) return
    this.#running = false
    await Promise.all(this.#workers)
    this.#findings.count('requests', this.answered)
    this.#findings.count('reads compared', this.compared)
    this.#findings.count('changes acknowledged', this.acknowledged)
    this.#findings.count('changes refused', this.refused)
  }

  async #work(url: () => string): Promise<void> {
    while (this.#running) {
      if (this.#random.chance(CHANGES_SHARE)) await this.#change(url())
      else await this.#read(url())
      for (const { holds, resolve } of this.#conditions) if (holds()) resolve()
    }
  }

  async #change(url: string): Promise<void> {
    let vendor = this.#random.pick(VENDORS)
    if (vendor === 'aftership' && this.#people >= WIRES.aftership.most) vendor = 'easypost'
    // Of AfterShip's are those whom the seed knows; of the others everybody else.
    const name = nameOf(vendor === 'aftership' ? this.#people++ : WIRES.aftership.most + this.#made++)
    const change: Change = { vendor, name, outcome: 'in doubt' }
    this.changes.push(change)
    this.#byName.set(name, change)
    const answer = await this.#timed(url, WIRES[vendor].create(name))
    if (!answer) return
    if (answer.status === WIRES[vendor].created) {
      change.outcome = 'acknowledged'
      change.shown = within(jsonOf(answer), WIRES[vendor].places.one)
      this.acknowledged++
    } else if (this.#isUnavailable(vendor, answer, 'a change')) {
      change.outcome = 'refused'
      this.refused++
    }
  }

  async #read(url: string): Promise<void> {
    const vendor = this.#random.pick(VENDORS)
    const mustPass = this.readsMustPass
    const made = this.changes.filter(change => change.vendor === vendor && change.outcome === 'acknowledged')
    const one = made.length > 0 && this.#random.chance(0.5) ? this.#random.pick(made).shown : undefined
    const asked = one === undefined ? WIRES[vendor].read : WIRES[vendor].readOne(String(within(one, ['id'])))
    const answer = await this.#timed(url, asked)
    if (!answer) return
    if (answer.status === 200) {
      this.compared++
      const isRight = one === undefined ? this.#isList(vendor, answer, made.length) : this.#isShown(vendor, answer, one)
      if (!isRight)
        this.#findings.fail(`a read shows what was made, and ${asked.path} showed ${answer.text.slice(0, 1000)}`)
      return
    }
    if (!this.#isUnavailable(vendor, answer, 'a read')) return
    this.readsRefused++
    if (mustPass && this.readsMustPass) this.#findings.fail(`reads go on, and one of ${vendor} was refused`)
  }

  #isShown(vendor: Vendor, answer: Answer, made: unknown): boolean {
    const { one } = WIRES[vendor].places
    const shown = within(jsonOf(answer), one)
    return within(shown, ['id']) === within(made, ['id']) && covers(made, shown)
  }

  /** Each once, as it was made; what is in doubt may be among them, and of the `least` that were acknowledged some are. */
  #isList(vendor: Vendor, answer: Answer, least: number): boolean {
    const { list, name } = WIRES[vendor].places
    const shown = within(jsonOf(answer), list)
    if (!Array.isArray(shown) || shown.length < Math.min(least, LISTED_MIN)) return false
    const names = shown.map(row => String(within(row, name)))
    const isMade = names.every((name, place) => {
      const change = this.#byName.get(name)
      if (change?.outcome === 'acknowledged') return change.vendor === vendor && covers(change.shown, shown[place])
      return change !== undefined || this.others.has(name)
    })
    return isMade && new Set(names).size === shown.length
  }

  async #timed(url: string, ask: Parameters<Client['ask']>[1]): Promise<Answer | undefined> {
    const startedAt = performance.now()
    const { mayEnd } = this
    const answer = await this.#client.ask(url, ask)
    if (answer) {
      this.answered++
      this.slowestMs = Math.max(this.slowestMs, performance.now() - startedAt)
    } else {
      if (!mayEnd && !this.mayEnd) this.#findings.fail(`every request is answered, and ${ask.path} was not`)
      // Where nobody listens, the next one is not asked at once.
      await new Promise(resolve => setTimeout(resolve, 20))
    }
    return answer
  }

  #isUnavailable(vendor: Vendor, answer: Answer, what: string): boolean {
    const { unavailable } = WIRES[vendor]
    if (answer.status === 503 && covers(jsonOf(answer), unavailable)) return true
    const text = answer.text.slice(0, 300)
    this.#findings.fail(`${what} of ${vendor} is done or is its 503, and came as ${answer.status}: ${text}`)
    return false
  }
}

function within(body: unknown, place: readonly string[]): unknown {
  const [name, ...rest] = place
  if (name === undefined) return body
  return typeof body === 'object' && body !== null ? within(Reflect.get(body, name), rest) : undefined
}

/** Whether everything of `part` is in `whole`. */
function covers(whole: unknown, part: unknown): boolean {
  if (typeof part !== 'object' || part === null) return isDeepStrictEqual(whole, part)
  if (typeof whole !== 'object' || whole === null) return false
  return Object.entries(part).every(([name, value]) => covers(Reflect.get(whole, name), value))
}

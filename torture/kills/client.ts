// One client of the load: asks for one change after the other, and writes down what it was told.

import type { Findings } from '../findings.ts'
import type { Random } from '../random.ts'
import type { Change, Ledger } from './ledger.ts'
import type { Reply, Request, Wire } from './wire.ts'
import { asOperator } from './world.ts'

/** Nobody answers any more, or the client makes as if nobody did. */
export class Gone extends Error {}

/** A server whose database is away may say so, or close the connection. Whether the change was made is then unknown. */
const UNKNOWN = new Set([502, 503])

/** What clients of one run have in common. */
export interface Clientele {
  findings: Findings
  ledger: Ledger
  random: Random
  /** The URLs of servers that are dead, or whose database is, or that are about to be: all others have to answer. */
  dying: Set<string>
}

export class Client {
  readonly random: Random
  readonly #wire: Wire
  readonly #ledger: Ledger
  readonly #findings: Findings
  readonly #dying: ReadonlySet<string>
  readonly #address: string
  #untilForgotten: number

  /** `forgets`: after so many changes that can be asked for again, it makes as if it was not answered the next. */
  constructor(wire: Wire, { findings, ledger, random, dying }: Clientele, forgets = Number.POSITIVE_INFINITY) {
    this.random = random
    this.#wire = wire
    this.#ledger = ledger
    this.#findings = findings
    this.#dying = dying
    this.#untilForgotten = forgets
    this.#address = `10.${random.below(256)}.${random.below(256)}.${random.below(256)}`
  }

  /** Throws Gone when no answer came, and an error when another one did. */
  async change(change: Change): Promise<Reply> {
    this.#ledger.begin(change)
    const reply = await this.#send(change.request)
    if (reply.status === change.status) this.#ledger.acknowledge(change)
    else throw this.#refused(change, reply)
    if (change.again && this.#untilForgotten-- === 0) await this.#forget(change.request, change.again)
    return reply
  }

  /** Whether there was an answer to forget. */
  get hasForgotten(): boolean {
    return this.#untilForgotten < 0
  }

  /** Throws as `change`. */
  async read(request: Request, status = 200): Promise<Reply> {
    const reply = await this.#send(request)
    if (reply.status !== status) throw this.#refused({ request, status, steps: [] }, reply)
    return reply
  }

  /** What of the text of the newest mail to somebody fits. */
  async mailed(to: string, pattern: RegExp): Promise<string> {
    const path = `/understudy/v1/mails?limit=1&to=${encodeURIComponent(to)}`
    const list = await this.read({ method: 'GET', path, headers: asOperator })
    const id = JSON.parse(list.text).data[0]?.id
    const mail = await this.read({ method: 'GET', path: `/understudy/v1/mails/${id}`, headers: asOperator })
    return pattern.exec(JSON.parse(mail.text).text)?.[1] ?? ''
  }

  /** Asks again for what is done, and lives no further: what it would need for that it was not told. */
  async #forget(request: Request, { status, steps = [] }: NonNullable<Change['again']>): Promise<never> {
    await this.change({ request, status, steps })
    this.#findings.count('answered requests asked for again')
    throw new Gone()
  }

  async #send(request: Request): Promise<Reply> {
    const reply = await this.#wire.send({
      ...request,
      headers: { 'x-forwarded-for': this.#address, ...request.headers },
    })
    this.#findings.count('requests')
    if (reply && !UNKNOWN.has(reply.status)) return reply
    if (!this.#dying.has(this.#wire.url)) {
      const came = reply ? `was told ${reply.status} ${reply.text.slice(0, 300)}` : 'was not answered'
      this.#findings.fail(`${request.method} ${request.path} ${came}, of a server that is up, as its database is`)
    }
    throw new Gone()
  }

  #refused(change: Change, { status, text }: Reply): Error {
    this.#ledger.refuse(change)
    const { method, path } = change.request
    this.#findings.fail(`${method} ${path}: ${change.status} was to be the answer, not ${status} ${text.slice(0, 300)}`)
    return new Gone()
  }
}

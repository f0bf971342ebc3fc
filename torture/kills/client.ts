// One client of the load: asks for one change after the other, and writes down what it was told.

import type { Findings } from '../findings.ts'
import type { Random } from '../random.ts'
import type { Change, Ledger } from './ledger.ts'
import type { Reply, Request, Wire } from './wire.ts'
import { asOperator } from './world.ts'

/** Nobody answers any more. */
export class Gone extends Error {}

/** A server whose database is away may say so, or close the connection. Whether the change was made is then unknown. */
const UNKNOWN = new Set([502, 503])

export class Client {
  readonly random: Random
  readonly #wire: Wire
  readonly #ledger: Ledger
  readonly #findings: Findings
  readonly #address: string

  constructor(wire: Wire, ledger: Ledger, findings: Findings, random: Random) {
    this.random = random
    this.#wire = wire
    this.#ledger = ledger
    this.#findings = findings
    this.#address = `10.${random.below(256)}.${random.below(256)}.${random.below(256)}`
  }

  /** Throws Gone when no answer came, and an error when another one did. */
  async change(change: Change): Promise<Reply> {
    this.#ledger.begin(change)
    const reply = await this.#send(change.request)
    if (reply.status === change.status) this.#ledger.acknowledge(change)
    else throw this.#refused(change, reply)
    return reply
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

  async #send(request: Request): Promise<Reply> {
    const reply = await this.#wire.send({
      ...request,
      headers: { 'x-forwarded-for': this.#address, ...request.headers },
    })
    this.#findings.count('requests')
    if (!reply || UNKNOWN.has(reply.status)) throw new Gone()
    return reply
  }

  #refused(change: Change, { status, text }: Reply): Error {
    this.#ledger.refuse(change)
    const { method, path } = change.request
    this.#findings.fail(`${method} ${path}: ${change.status} was to be the answer, not ${status} ${text.slice(0, 300)}`)
    return new Gone()
  }
}

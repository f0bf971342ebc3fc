// What every attack has around it: the connection that it is made on, what its answers are held against, and the marked
// request that follows it.

import type { Findings } from '../findings.ts'
import { Random } from '../random.ts'
import type { Answer } from './answer.ts'
import { Marks } from './doors.ts'
import { type Envelope, shown, wrongWith } from './envelopes.ts'
import { Ledger } from './ledger.ts'
import { bytesOf, escaped } from './request.ts'
import { Wire } from './wire.ts'

/** After so long without a byte, and others served meanwhile, the server waits for more. */
const QUIET_MS = 700

export class Siege {
  readonly ledger: Ledger
  readonly marks: Marks
  readonly origin: string
  readonly findings: Findings
  readonly random: Random
  readonly #seed: number
  #followed = 0

  constructor(origin: string, { findings, seed, invitable }: { findings: Findings; seed: number; invitable: number }) {
    this.origin = origin
    this.findings = findings
    this.random = new Random(seed)
    this.marks = new Marks(invitable)
    this.#seed = seed
    this.ledger = new Ledger(origin, findings)
  }

  open(): Promise<Wire> {
    return Wire.open(this.origin)
  }

  fail(what: string, wire: Wire): void {
    const came = wire.answers.slice(-3).map(shown).join(', ')
    const sent = escaped(Buffer.concat(wire.sent.slice(-4)))
    this.findings.fail(`${what}; answers [${came}]; seed ${this.#seed}, last bytes sent to ${this.origin}: ${sent}`)
  }

  /** Holds answers against what every answer promises, and notes them. */
  check(what: string, wire: Wire, answers: readonly Answer[], envelopes: readonly Envelope[]): void {
    this.findings.count('answers read', answers.length)
    for (const answer of answers) {
      this.ledger.note(answer)
      const wrong = wrongWith(answer, envelopes)
      if (wrong !== undefined) this.fail(`${what}: ${wrong}`, wire)
    }
    if (wire.reader.problem !== undefined) this.fail(`${what}: ${wire.reader.problem}`, wire)
  }

  /** A request whose answer shows that it is its own: a path that nobody else asks for, and that is told again. */
  follower(): { bytes: Buffer; tells: string; isAnswer(answer: Answer | undefined): boolean } {
    const path = `/wire-follows-${this.#followed++}-`
    const tells = `Cannot GET ${path}`
    return {
      bytes: bytesOf(`GET ${path} HTTP/1.1`, ['host: wire.test']),
      tells,
      isAnswer: answer => answer?.status === 404 && answer.text.includes(tells),
    }
  }

  /** The next request on this connection has its own answer, and nothing comes before or after it; or it is closed. */
  async follow(what: string, wire: Wire): Promise<void> {
    const { bytes, isAnswer } = this.follower()
    const before = wire.answers.length
    wire.write(bytes)
    const came = await wire.until(() => wire.answers.length > before)
    if (came ? !isAnswer(wire.answers[before]) : !wire.closed) {
      this.fail(`${what}: the next request on the connection got ${came ? "another's" : 'no'} answer`, wire)
    } else if (wire.answers.length > before + 1 || wire.reader.unread > 0) {
      this.fail(`${what}: more answers than requests`, wire)
    }
  }

  /** Resolves once the connection is closed, or the server has been silent for long while it served others. */
  async untilQuiet(wire: Wire): Promise<void> {
    while (!wire.closed && wire.reader.problem === undefined) {
      const silent = performance.now() - wire.lastAt
      if (silent < QUIET_MS) {
        await wire.until(() => false, QUIET_MS - silent)
        continue
      }
      const { lastAt } = wire
      const other = await this.open()
      other.write(bytesOf('GET /ready HTTP/1.1', ['host: wire.test']))
      await other.until(() => other.answers.length > 0)
      other.reset()
      if (wire.lastAt === lastAt) return
    }
  }

  /** Ends our side: the server must end its own. */
  async leave(what: string, wire: Wire): Promise<void> {
    wire.end()
    await wire.until(() => wire.closed)
    if (!wire.closed) this.fail(`${what}: the client has ended its side, and the server keeps the connection`, wire)
    wire.reset()
  }
}

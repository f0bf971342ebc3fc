// What every tenant of the test stands on: it asks, every answer is searched for what is another's, and what is broken is
// said with all that is needed to see it again.

import type { Findings } from '../findings.ts'
import type { Random } from '../random.ts'
import type { Board } from './board.ts'
import { difference } from './comparison.ts'
import { type Marks, tenantOf, type Viewer } from './marks.ts'
import type { Receiver } from './receiver.ts'
import type { Answer, Request, Send } from './wire.ts'

const REMEMBERED = 12
const SHOWN_MAX = 1500

export interface GroundParts {
  seed: number
  send: Send
  marks: Marks
  board: Board
  receiver: Receiver
  findings: Findings
  /** The server's clock. */
  now(): number
}

/** A promise is broken: the tenant that saw it goes no further, as its model does not fit any more. */
export class Broken extends Error {}

export class Ground {
  readonly parts: GroundParts
  readonly #last = new Map<string, string[]>()
  readonly #steps = new Map<string, number>()
  readonly #tried = new Map<string, number>()

  constructor(parts: GroundParts) {
    this.parts = parts
  }

  get marks(): Marks {
    return this.parts.marks
  }

  get board(): Board {
    return this.parts.board
  }

  now(): number {
    return this.parts.now()
  }

  count(what: string, times = 1): void {
    this.parts.findings.count(what, times)
  }

  /** How often this was tried before. */
  tried(what: string): number {
    const times = this.#tried.get(what) ?? 0
    this.#tried.set(what, times + 1)
    return times
  }

  /** A tenant goes on to its next operation. */
  step(tenant: string, number: number): void {
    this.#steps.set(tenant, number)
  }

  /** One request; whatever comes back is searched. */
  async ask(viewer: Viewer, request: Request): Promise<Answer> {
    const answer = await this.#send(viewer, request)
    this.search(viewer, `the answer to ${request.method} ${request.path}`, answer, '')
    return answer
  }

  /** One request that must have this status. Gives the body. */
  async get<Body>(viewer: Viewer, request: Request, status: number): Promise<Body> {
    const { status: got, text } = await this.ask(viewer, request)
    if (got !== status) this.broken(viewer, `${lineOf(request)} must be ${status}, not ${got}: ${text}`)
    return (/^[[{]/.test(text) ? JSON.parse(text) : text) as Body
  }

  /** Asks for what is another's and for what nobody has: both must be answered alike. */
  async attack(
    viewer: Viewer,
    requestOf: (word: string) => Request,
    [foreign, madeUp]: [string, string],
  ): Promise<Answer> {
    this.count('cross attacks')
    const request = requestOf(foreign)
    const answer = await this.#send(viewer, request)
    this.search(viewer, `the answer to ${lineOf(request)}`, answer, foreign)
    const differs = difference([answer, foreign], [await this.#send(viewer, requestOf(madeUp)), madeUp])
    if (differs !== undefined) {
      this.broken(viewer, `${lineOf(request)} is answered otherwise than for ${madeUp}, which nobody has: ${differs}`)
    }
    return answer
  }

  async #send(viewer: Viewer, request: Request): Promise<Answer> {
    const tenant = tenantOf(viewer.learns)
    const answer = await this.parts.send(request)
    const last = this.#last.get(tenant) ?? []
    last.push(`${lineOf(request)} as ${viewer.name}: ${answer.status}`)
    this.#last.set(tenant, last.slice(-REMEMBERED))
    this.count('requests')
    if (answer.status === 429 || answer.status >= 500) {
      this.broken(viewer, `${lineOf(request)} must not be ${answer.status}: ${answer.text}`)
    }
    return answer
  }

  /** Breaks where `text` shows what the viewer must not see, but for the word that it sent itself. */
  search(viewer: Viewer, what: string, seen: Pick<Answer, 'headers' | 'text'>, sent: string): void {
    const whole = `${JSON.stringify(seen.headers)}\n${seen.text}`
    const text = sent === '' ? whole : whole.replaceAll(sent, '')
    const [leaked] = this.marks.foreignIn(text, viewer)
    if (leaked !== undefined) this.broken(viewer, `${what} shows ${viewer.name} ${leaked}: ${text}`)
  }

  own(viewer: Viewer, owner: string, ...texts: string[]): void {
    const [taken] = this.marks.own(owner, ...texts)
    if (taken !== undefined) this.broken(viewer, `${owner} was given ${taken}`)
  }

  /** Breaks unless both are the same. */
  equal(viewer: Viewer, what: string, actual: unknown, expected: unknown): void {
    const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)]
    if (got !== wanted) this.broken(viewer, `${what} must be ${wanted}, not ${got}`)
  }

  broken(viewer: Viewer, what: string): never {
    const tenant = tenantOf(viewer.learns)
    const history = (this.#last.get(tenant) ?? []).join('\n    ')
    const where = `seed ${this.parts.seed}, ${tenant}, step ${this.#steps.get(tenant) ?? 0}`
    const message = `${what.slice(0, SHOWN_MAX)} (${where})\n    ${history}`
    this.parts.findings.fail(message)
    throw new Broken(message)
  }
}

function lineOf({ method, path, body }: Request): string {
  return `${method} ${path}${body === undefined ? '' : ` ${body.slice(0, 300)}`}`
}

/** What a tenant is to the run. */
export interface Actor {
  name: string
  /** One operation that chance chooses. */
  step(): Promise<void>
  /** Compares all that can be read with the model. */
  verify(): Promise<void>
}

/** One attempt on what is another's. */
export type Attempt = () => Promise<void>

/** What each tenant is made of. */
export interface ActorParts {
  ground: Ground
  random: Random
  operator: OperatorTokens
}

export interface OperatorTokens {
  read: string
  write: string
  admin: string
}

// Says where a secret was found that is not meant to be there.

import type { Findings } from '../findings.ts'
import { Finder } from './finder.ts'
import { type Ledger, type Needle, needlesOf, type Secret } from './ledger.ts'
import { whyShown } from './shown.ts'
import type { Answer } from './wire.ts'

/** A place to search, as bytes; `mayHold` says of which secrets it is the place. */
export interface Place {
  name: string
  bytes: Buffer
  mayHold?: (secret: Secret) => boolean
}

/** Looks for every secret of the ledger, in all its forms; fails for each kind once a place. */
export class Search {
  readonly #finder: Finder
  readonly #findings: Findings
  readonly #told = new Set<string>()

  constructor(ledger: Ledger, findings: Findings) {
    this.#finder = new Finder(needlesOf(ledger.secrets))
    this.#findings = findings
  }

  /** `group` is what the places are counted as. */
  places(group: string, places: Iterable<Place>): void {
    for (const { name, bytes, mayHold } of places) {
      this.#findings.count(`bytes searched: ${group}`, bytes.length)
      for (const [needle, at] of this.#finder.find(bytes)) {
        if (!mayHold?.(needle.secret)) this.#tell(`${group}, ${name}`, needle, around(bytes, at, needle))
      }
    }
  }

  answers(answers: readonly Answer[]): void {
    this.#findings.count('answers searched', answers.length)
    for (const answer of answers) {
      const bytes = Buffer.from(`${JSON.stringify(answer.headers)}\n${answer.body}`)
      for (const [needle, at] of this.#finder.find(bytes)) {
        if (whyShown(answer, needle.secret) !== undefined) {
          this.#findings.count('secrets seen where the contract shows them')
          continue
        }
        const { method, path, status } = answer
        this.#tell(`the answer ${status} to ${method} ${templateOf(path)}`, needle, around(bytes, at, needle))
      }
    }
  }

  #tell(where: string, { secret, form }: Needle, context: string): void {
    const what = `${where} shows a secret (${secret.kind}, ${form})`
    if (this.#told.has(what)) return
    this.#told.add(what)
    this.#findings.fail(`${what}: ${context}`)
  }
}

/** Without ids, so that what is alike is told once. */
function templateOf(path: string): string {
  return path.split('?', 1)[0]?.replaceAll(/[^/]{16,}/g, '…') ?? ''
}

function around(bytes: Buffer, at: number, { bytes: found }: Needle): string {
  const text = bytes.toString('latin1', Math.max(0, at - 60), at + found.length + 60)
  return text.replaceAll(/[^\x20-\x7e]+/g, ' ')
}

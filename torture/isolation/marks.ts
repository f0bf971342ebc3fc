// Whose every word is. Each tenant, and each environment of it, puts a marker of its own into all that it names; ids, keys
// and tokens that the server makes belong to whoever they were shown to first. A word that somebody else sees has leaked.

import type { Random } from '../random.ts'

/** Who looks at an answer, a delivery, a mail. Owners are `tenant/part`; those that end in `!` are secrets. */
export interface Viewer {
  name: string
  sees(owner: string): boolean
  /** The owner of what the server made and this viewer saw first. */
  learns: string
}

const MARKER = /zq[0-9a-z]{8}qz/gi
const MARKER_LENGTH = 8
const WORD = /[A-Za-z0-9_-]{16,}/g
/** What the server makes: ids, message ids, keys, tokens. */
const MADE =
  /^([0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f-]{27}|(mem|mem_sb|con|ak|user|hook|evt|payload|brd|msg)_[A-Za-z0-9]{20,}|[A-Za-z0-9_-]{40,})$/
/** The first part of a token: the signing key's id, the same for all. */
const COMMON = /^eyJhbGciOi/
/** Of what everybody sees. */
export const COMMON_OWNER = 'common/all'
const LETTERS = '0123456789abcdefghijklmnopqrstuvwxyz'

export function tenantOf(owner: string): string {
  return owner.split('/', 1)[0] ?? ''
}

export class Marks {
  readonly #random: Random
  readonly #owners = new Map<string, string>()

  constructor(random: Random) {
    this.#random = random
  }

  /** A text that stands for its owner wherever it is found. */
  marker(owner: string): string {
    const marker = `zq${this.letters(MARKER_LENGTH)}qz`
    this.#owners.set(marker, owner)
    return marker
  }

  /** A word that nobody has used. */
  letters(length: number): string {
    return Array.from({ length }, () => this.#random.pick([...LETTERS])).join('')
  }

  /** Says whose a text is. Returns the words in it that are another tenant's already. */
  own(owner: string, ...texts: string[]): string[] {
    const taken: string[] = []
    for (const [word] of texts.flatMap(text => [...text.matchAll(WORD)])) {
      if (COMMON.test(word)) continue
      const known = this.#owners.get(word)
      if (known !== undefined && tenantOf(known) !== tenantOf(owner)) taken.push(`${word} of ${known}`)
      else this.#owners.set(word, owner)
    }
    return taken
  }

  /** What a text shows that the viewer must not see. What the server made and nobody had is the viewer's from now on. */
  foreignIn(text: string, viewer: Viewer): string[] {
    const found: string[] = []
    for (const word of wordsOf(text)) {
      const owner = this.#owners.get(word)
      if (owner === undefined) {
        if (MADE.test(word) && !COMMON.test(word)) this.#owners.set(word, viewer.learns)
      } else if (owner !== COMMON_OWNER && !viewer.sees(owner)) found.push(`${word} of ${owner}`)
    }
    return found
  }

  /** What of anybody a text shows that is personal or secret: for the log and the metrics, which are nobody's. */
  personalIn(text: string): string[] {
    return [...wordsOf(text)].flatMap(word => {
      const owner = this.#owners.get(word)
      const personal = owner !== undefined && (owner.endsWith('!') || word.startsWith('zq'))
      return personal ? [`${word} of ${owner}`] : []
    })
  }

  /** What of any tenant a text shows, ids too. */
  anythingIn(text: string): string[] {
    return [...wordsOf(text)].flatMap(word => (this.#owners.has(word) ? [`${word} of ${this.#owners.get(word)}`] : []))
  }
}

function wordsOf(text: string): Set<string> {
  const markers = [...text.matchAll(MARKER)].map(([marker]) => marker.toLowerCase())
  return new Set([...markers, ...[...text.matchAll(WORD)].map(([word]) => word)])
}

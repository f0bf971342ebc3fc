// What there is to steal: every tenant tells here of its ids, keys and tokens, for the others to try.

import type { Random } from '../random.ts'
import { tenantOf, type Viewer } from './marks.ts'

interface Loot {
  owner: string
  word: string
}

/** Of each kind the newest are kept. */
const KEPT = 400

export class Board {
  readonly #kinds = new Map<string, Loot[]>()

  publish(kind: string, owner: string, word: string): void {
    const list = this.#kinds.get(kind) ?? []
    if (list.push({ owner, word }) > KEPT) list.shift()
    this.#kinds.set(kind, list)
  }

  /** One of these kinds that the viewer must not see; undefined while there is none. */
  steal(random: Random, viewer: Viewer, ...kinds: string[]): string | undefined {
    const list = this.#kinds.get(random.pick(kinds)) ?? []
    const found = list.filter(({ owner }) => !viewer.sees(owner) && !isOwnSecret(owner, viewer))
    // What is nearest is the easiest to mix up: of a sibling, or of the other mode.
    const near = found.filter(({ owner }) => tenantOf(owner) === tenantOf(viewer.learns))
    if (near.length > 0 && random.chance(0.5)) return random.pick(near).word
    return found.length === 0 ? undefined : random.pick(found).word
  }
}

/** What a tenant may use and nobody is shown: its own keys. */
function isOwnSecret(owner: string, viewer: Viewer): boolean {
  return owner.endsWith('!') && tenantOf(owner) === tenantOf(viewer.learns)
}

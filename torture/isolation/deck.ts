// Chance that leaves nothing out: every card is dealt once before any is dealt again.

import type { Random } from '../random.ts'

export class Deck<Card> {
  readonly #random: Random
  readonly #cards: readonly Card[]
  #left: Card[] = []

  constructor(random: Random, cards: readonly Card[]) {
    this.#random = random
    this.#cards = cards
  }

  deal(): Card {
    if (this.#left.length === 0) this.#left = [...this.#cards]
    const [card] = this.#left.splice(this.#random.below(this.#left.length), 1)
    return card as Card
  }
}

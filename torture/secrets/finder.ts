// Looks for many texts at once in many bytes: each place is read through once, however many there are to find.

import type { Needle } from './ledger.ts'

/** What the first bytes of every needle are looked up by. */
const PREFIX = 3
const PREFIXES = 2 ** (8 * PREFIX)

export class Finder {
  /** A bit for each three bytes that some needle starts with. */
  readonly #starts = new Uint8Array(PREFIXES / 8)
  readonly #byStart = new Map<number, Needle[]>()

  constructor(needles: readonly Needle[]) {
    for (const needle of needles) {
      const start = startAt(needle.bytes, 0)
      this.#starts[start >> 3] = (this.#starts[start >> 3] ?? 0) | (1 << (start & 7))
      const others = this.#byStart.get(start)
      if (others) others.push(needle)
      else this.#byStart.set(start, [needle])
    }
  }

  /** Each needle that is in these bytes, once, with where it is first. */
  find(bytes: Buffer): Map<Needle, number> {
    const found = new Map<Needle, number>()
    const starts = this.#starts
    for (let at = 0; at + PREFIX <= bytes.length; at++) {
      const start = startAt(bytes, at)
      if (((starts[start >> 3] as number) & (1 << (start & 7))) === 0) continue
      for (const needle of this.#byStart.get(start) ?? []) {
        if (!found.has(needle) && isAt(bytes, at, needle)) found.set(needle, at)
      }
    }
    return found
  }
}

function startAt(bytes: Buffer, at: number): number {
  return ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number)
}

function isAt(bytes: Buffer, at: number, { bytes: wanted, alone }: Needle): boolean {
  const end = at + wanted.length
  if (end > bytes.length || bytes.compare(wanted, 0, wanted.length, at, end) !== 0) return false
  return !alone || !(isWordy(bytes[at - 1]) || isWordy(bytes[end]))
}

/** A digit or letter, or the point of a fraction. */
function isWordy(byte: number | undefined): boolean {
  return byte !== undefined && /[0-9A-Za-z.]/.test(String.fromCharCode(byte))
}

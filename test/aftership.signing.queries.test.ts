// AfterShip contract section 7, the query: whatever it holds, a client of any style signs it, and no other query passes
// under that signature.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { serve, signed } from './aftership.signed.ts'
import { M } from './aftership.support.ts'

type Pair = [string, string]
const byName = ([a]: Pair, [b]: Pair) => (a < b ? -1 : a > b ? 1 : 0)
const escaped = ([name, value]: Pair) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`
const isPlain = (pairs: Pair[]) =>
  new Set(pairs.map(([name]) => name)).size === pairs.length && !/[&=?#%+]|\p{Cc}/u.test(pairs.flat().join(''))

/** How official clients write a query on the wire. */
const wires: Record<string, (pairs: Pair[]) => string> = {
  'percent-escaped': pairs => pairs.map(escaped).join('&'),
  'form-encoded': pairs => new URLSearchParams(pairs).toString(),
}
/** What they sign for it; undefined where the style cannot. */
const styles: Record<string, (pairs: Pair[], sent: string) => string | undefined> = {
  'A: the raw pairs, sorted': (_pairs, sent) => sent.split('&').sort().join('&'),
  'B: as sent': (_pairs, sent) => sent,
  'C: sorted, percent-escaped': pairs =>
    pairs
      .toSorted((a, b) => byName(a, b) || (a[1] < b[1] ? -1 : 1))
      .map(escaped)
      .join('&'),
  'D: URLSearchParams, sorted': pairs => {
    const parameters = new URLSearchParams(pairs)
    parameters.sort()
    return parameters.toString()
  },
  'E: sorted, unescaped': pairs =>
    isPlain(pairs)
      ? pairs
          .toSorted(byName)
          .map(([name, value]) => `${name}=${value}`)
          .join('&')
      : undefined,
}
const text = fc.string({
  unit: fc.constantFrom(...'abAB01', ...' +\'&=?#%!~*()-_.@/:;,"<>\\', 'é', '中'),
  maxLength: 5,
})
const pairs = fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 4 })
/** Another query: a character more, a pair more, a pair less. */
const changes: ((pairs: Pair[], index: number) => Pair[])[] = [
  (all, index) => all.map(([name, value], at): Pair => (at === index ? [name, `${value}x`] : [name, value])),
  (all, index) => all.map(([name, value], at): Pair => (at === index ? [`x${name}`, value] : [name, value])),
  all => [...all, ['page', '2']],
  (all, index) => all.filter((_pair, at) => at !== index),
]

for (const [style, resourceOf] of Object.entries(styles)) {
  test(`signed in style ${style} is accepted, and a changed one refused`, async () => {
    const { status } = await serve()
    const property = fc.asyncProperty(
      pairs,
      fc.constantFrom(...Object.values(wires)),
      fc.constantFrom(...changes),
      fc.nat(),
      async (all, wireOf, change, seed) => {
        const sent = wireOf(all)
        const signedQuery = resourceOf(all, sent)
        fc.pre(signedQuery !== undefined)
        const good = signed({ target: `${M}?${sent}`, resource: `${M}?${signedQuery}` })
        assert.equal(await status(good), 200)
        const changed = wireOf(change(all, seed % all.length))
        assert.equal(await status({ ...good, path: changed === '' ? M : `${M}?${changed}` }), 401)
      },
    )
    await fc.assert(property, { numRuns: 60 })
  })
}

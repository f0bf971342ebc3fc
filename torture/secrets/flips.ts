// Changes every single bit of something that is signed, or secret, and sees that it is refused.

import type { Findings } from '../findings.ts'
import type { Random } from '../random.ts'
import { exchangeHttp, WHOLE_MS } from './raw.ts'
import { type SigningKey, signedBytes } from './signed.ts'

const AT_ONCE = 16
const BITS = 8

/** Which bits: all, or one of each byte, chosen by chance. */
export type Bits = 'all' | Random

function* flipsOf(bytes: Buffer, bits: Bits): Generator<{ place: number; bit: number; flipped: Buffer }> {
  for (let place = 0; place < bytes.length; place++) {
    const chosen = bits === 'all' ? Array.from({ length: BITS }, (_, bit) => bit) : [bits.below(BITS)]
    for (const bit of chosen) {
      const flipped = Buffer.from(bytes)
      flipped[place] = (flipped[place] ?? 0) ^ (1 << bit)
      yield { place, bit, flipped }
    }
  }
}

/** Runs work on all items, some at once. */
async function forAll<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]()
  const worker = async () => {
    for (let next = iterator.next(); !next.done; next = iterator.next()) await work(next.value)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

/** Requests of every form that clients sign: `target` below the API's base. */
export const SIGNED_REQUESTS = [
  { method: 'GET', target: '/memberships', headers: {}, body: '' },
  { method: 'GET', target: '/memberships?page=1&email=a%2Bb%20c%40d.example&limit=10', headers: {}, body: '' },
  {
    method: 'POST',
    target: '/memberships?b=2&a=1',
    headers: { 'as-store': 'north', 'as-b': 'x y' },
    body: '{"account":{"email":"nobody@a.example"},"role":{"code":"admin"}}',
  },
  { method: 'PATCH', target: '/memberships/mem_none', headers: {}, body: '{"role":{"code":"admin"}}' },
  { method: 'DELETE', target: '/memberships/mem_none', headers: { 'as-x': '1' }, body: '' },
] as const

const BASE = '/admin/2022-01'

/** Every bit of every request, signed by this key. The requests as they are must pass, whatever they then find. */
export async function flipSigned(
  { origin, now, findings }: { origin: string; now: () => number; findings: Findings },
  key: SigningKey,
  requests: readonly (typeof SIGNED_REQUESTS)[number][],
  bits: Bits,
): Promise<void> {
  for (const request of requests) {
    const date = new Date(now()).toUTCString()
    const signed = signedBytes(key, { ...request, target: BASE + request.target, date })
    const name = `${key.mode} ${request.method} ${request.target}`
    const whole = await exchangeHttp(origin, signed.bytes, WHOLE_MS)
    if (!isAdmitted(whole)) findings.fail(`${name} was refused as it was signed: ${whole.status} ${whole.head}`)
    await forAll(flipsOf(signed.bytes, bits), async ({ place, bit, flipped }) => {
      const reply = await exchangeHttp(origin, flipped)
      findings.count('single bits of signed requests changed')
      if (reply.status === 0) findings.count('of these, taken for unfinished and ended without an answer')
      if (!isAdmitted(reply)) return
      if (signed.mayPass(place, bit)) return findings.count('of these, bits that no signature covers')
      const byte = JSON.stringify(flipped.toString('latin1', Math.max(0, place - 20), place + 20))
      findings.fail(`${name}: bit ${bit} of byte ${place} changed (${byte}), and it was not refused: ${reply.status}`)
    })
  }
}

/** Section 5: every answer to an authenticated request has these headers, and no other. */
function isAdmitted({ head }: { head: string }): boolean {
  return /^ratelimit-limit:/im.test(head)
}

/** Every bit of a text that opens something. `opens` says whether it still does; the text as it is has to. */
export async function flipText(
  { findings, bits }: { findings: Findings; bits: Bits },
  name: string,
  text: string,
  opens: (text: string) => Promise<boolean>,
): Promise<void> {
  await forAll(flipsOf(Buffer.from(text), bits), async ({ place, bit, flipped }) => {
    findings.count('single bits of tokens and keys changed')
    // Each byte as a character of its own: what is no UTF-8 any more is sent too.
    if (await opens(flipped.toString('latin1')))
      findings.fail(`${name}: bit ${bit} of byte ${place} changed, and it opens`)
  })
  if (!(await opens(text))) findings.fail(`${name} does not open as it is`)
}

/** So many seconds to either side of our clock a date is good: section 7. */
const SKEW_S = 180

/**
 * Dates near the edge. Between reading the clock here and there a second may begin, so what is less than two from the edge
 * says nothing here; the short form, whose clock stands still, asks for the edge itself.
 */
export async function exchangeSkewed(
  { origin, now, findings }: { origin: string; now: () => number; findings: Findings },
  key: SigningKey,
): Promise<void> {
  for (const skew of [0, SKEW_S - 20, SKEW_S + 2, SKEW_S + 20, 86_400]) {
    for (const sign of [-1, 1]) {
      const date = new Date(now() + sign * skew * 1000).toUTCString()
      const [request] = SIGNED_REQUESTS
      const reply = await exchangeHttp(
        origin,
        signedBytes(key, { ...request, target: BASE + request.target, date }).bytes,
        WHOLE_MS,
      )
      findings.count('dates near the edge of the allowed skew')
      if (isAdmitted(reply) === skew <= SKEW_S) continue
      findings.fail(`${key.mode}: a date ${sign * skew} s from the clock was answered with ${reply.status}`)
    }
  }
}

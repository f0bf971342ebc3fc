// Mutations of valid requests on kept-alive connections: whatever a mutation means, what follows it on the connection has
// its own answer, or the connection ends.

import { ANY, type Envelope } from './envelopes.ts'
import { mutated, valid } from './mutations.ts'
import type { Siege } from './siege.ts'
import type { Wire } from './wire.ts'

const AT_ONCE = 24
const ENVELOPES: readonly Envelope[] = [...ANY, 'oauth', 'page']
/** How long a mutation has for an answer before the next request is sent behind it. */
const ALONE_MS = 100

/** Sends `count` mutations. */
export async function fuzz(siege: Siege, count: number): Promise<void> {
  let left = count
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      let wire: Wire | undefined
      while (left-- > 0) wire = await mutation(siege, wire ?? (await siege.open()))
      wire?.reset()
    }),
  )
  siege.findings.count('mutated requests', count)
}

/** The connection, where it can be used again. */
async function mutation(siege: Siege, wire: Wire): Promise<Wire | undefined> {
  const { random, marks } = siege
  const before = wire.answers.length
  const bytes = mutated(random, valid(random, marks), valid(random, marks))
  const { bytes: next, isAnswer } = siege.follower()
  const together = random.chance(0.5)
  if (together) wire.write(Buffer.concat([bytes, next]))
  else {
    wire.write(bytes)
    await wire.until(() => wire.answers.length > before, ALONE_MS)
    wire.write(next)
  }
  const isFollowed = () => isAnswer(wire.answers.at(-1))
  if (!(await wire.until(isFollowed, ALONE_MS))) await siege.untilQuiet(wire)
  const answers = wire.answers.slice(before)
  siege.check('a mutation', wire, answers, ENVELOPES)
  if (isFollowed() && wire.reader.unread === 0) return again(siege, wire)
  if (wire.closed) return undefined
  if (answers.some(isAnswer)) siege.fail('a mutation: the next request was answered, and more came', wire)
  // It waits for the rest of something. What ends cannot be whole any more.
  await siege.leave('a mutation', wire)
  const late = wire.answers.slice(before + answers.length)
  siege.check('a mutation, and the end', wire, late, ENVELOPES)
  return undefined
}

/** What is known of a connection grows; a new one now and then. */
function again({ random }: Siege, wire: Wire): Wire | undefined {
  if (wire.answers.length < 200 && random.chance(0.95)) return wire
  wire.reset()
  return undefined
}

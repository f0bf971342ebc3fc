// How a single attack is made: its bytes on a fresh connection, then a marked request on the same one.

import type { Answer } from './answer.ts'
import { type Door, doors, type Written } from './doors.ts'
import { type Envelope, ownerOf, shown } from './envelopes.ts'
import type { Siege } from './siege.ts'

export interface Attack {
  name: string
  /** In as many packets. */
  packets: readonly Buffer[]
  /**
   * What has to come of it: a refusal, or the connection's end; what it asks for; the one or the other; or nothing at all
   * yet, because more may come.
   */
  ends: 'refused' | 'served' | 'either' | 'waits'
  /** Whose the refusal is; that of the door's path unless it is said. */
  envelopes?: readonly Envelope[]
  /** With HEAD the answer has no body. */
  head?: boolean
}

/** Makes the attacks on a door: some want to change something that may be changed, most what never may. */
export type Table = (door: Door, written: { never(): Written; once(): Written } | undefined) => Attack[]

const AT_ONCE = 8

/** Makes the attacks of a table on all doors: every one, or one in `share`. */
export async function assail(siege: Siege, table: Table, share: number): Promise<void> {
  const all = doors.flatMap(door => {
    const { write } = door
    const once = () => {
      const mark = siege.marks.next()
      siege.ledger.allow(mark)
      return write?.(mark)
    }
    const writes = write && { never: () => write(siege.marks.never()), once: () => once() as Written }
    return table(door, writes).map(attack => ({ attack, door }))
  })
  const work = all.filter((_, n) => n % share === 0).values()
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const { attack, door } of work) await attackOnce(siege, door, attack)
    }),
  )
}

async function attackOnce(siege: Siege, door: Door, attack: Attack): Promise<void> {
  const { packets, ends, head = false } = attack
  const what = `${door.name}, ${attack.name}`
  const envelopes = attack.envelopes ?? [ownerOf(door.read(0).path)]
  const wire = await siege.open()
  siege.findings.count('attacks in tables')
  if (head) wire.reader.bodiless = 1
  for (const packet of packets) {
    wire.write(packet)
    // A packet of its own: what has been sent before was read by then.
    if (packets.length > 1) await wire.until(() => wire.answers.length > 0, 20)
  }
  if (ends === 'waits') {
    await siege.untilQuiet(wire)
    siege.check(what, wire, wire.answers, envelopes)
    return siege.leave(what, wire)
  }
  const came = await wire.until(() => wire.answers.length > 0)
  const [answer] = wire.answers
  if (!came && !wire.closed) siege.fail(`${what}: neither an answer nor the end`, wire)
  siege.check(what, wire, wire.answers, envelopes)
  const wrong = outcomeWrong(ends, answer)
  if (wrong !== undefined) siege.fail(`${what}: ${wrong}`, wire)
  if (answer?.headers.connection?.toLowerCase() === 'close') {
    if (!(await wire.until(() => wire.closed))) siege.fail(`${what}: said that it closes, and did not`, wire)
    if (wire.answers.length > 1 || wire.reader.unread > 0) siege.fail(`${what}: more answers than requests`, wire)
  } else if (!wire.closed) {
    await siege.follow(what, wire)
  }
  wire.reset()
}

function outcomeWrong(ends: Attack['ends'], answer: Answer | undefined): string | undefined {
  // Too many at once from one address: said in the envelope, which is looked at as any other.
  if (answer?.status === 429) return undefined
  if (ends === 'refused' && answer && answer.status < 400) return `it was not refused: ${shown(answer)}`
  if (ends === 'served' && (!answer || answer.status >= 300)) {
    return `it was not served: ${answer ? shown(answer) : 'the connection was closed'}`
  }
  return undefined
}

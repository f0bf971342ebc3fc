// Many requests in one packet: each has its own answer, in their order; after one that is broken, or the last by its own
// word, nothing is answered and nothing is carried out.

import { type Door, doors, readBytes, writeBytes } from './doors.ts'
import { ANY } from './envelopes.ts'
import { bytesOf } from './request.ts'
import type { Siege } from './siege.ts'
import type { Wire } from './wire.ts'

const LENGTH_MAX = 40
const AT_ONCE = 6
/** What ends a pipeline: none of them is a request. */
const BROKEN = [
  'JUNK JUNK\r\n\r\n',
  'GET /ready HTTP/1.1\r\nno colon\r\n\r\n',
  'POST /members HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n',
  'POST /v2/users HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n',
  'GET /ready HTTP/9.9\r\n\r\n',
  '\0',
]

interface Step {
  bytes: Buffer
  /** What its answer holds. */
  tells: string
  /** The mark that it writes. */
  mark?: string
}

/** `count` pipelines, some at a time, each on a connection of its own. */
export async function pipelines(siege: Siege, count: number): Promise<void> {
  let left = count
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (left-- > 0) await pipeline(siege)
    }),
  )
}

async function pipeline(siege: Siege): Promise<void> {
  const { random, findings } = siege
  const steps = Array.from({ length: random.between(1, LENGTH_MAX) }, () => step(siege))
  const ending = random.pick(['open', 'closes', 'broken'] as const)
  const pieces = steps.map(({ bytes }) => bytes)
  if (ending === 'closes') pieces.push(bytesOf('GET /ready HTTP/1.1', ['host: x', 'connection: close']))
  if (ending === 'broken') pieces.push(Buffer.from(random.pick(BROKEN)))
  if (ending !== 'open') pieces.push(...Array.from({ length: random.between(0, 3) }, () => never(siege)))
  const wire = await siege.open()
  const what = `pipeline of ${steps.length}, ${ending}`
  for (const packet of cut(Buffer.concat(pieces), siege)) {
    wire.write(packet)
    await wire.until(() => false, 1)
  }
  const whole = steps.length + (ending === 'open' ? 0 : 1)
  const came = await wire.until(() => wire.answers.length >= whole)
  if (!came) siege.fail(`${what}: ${wire.answers.length} answers to ${whole}`, wire)
  siege.check(what, wire, wire.answers, ANY)
  for (const [n, { tells, mark }] of steps.entries()) {
    const answer = wire.answers[n]
    if (answer?.status === 429) continue
    if (!answer?.text.includes(tells)) siege.fail(`${what}: answer ${n} does not tell ${tells}`, wire)
    else if (mark !== undefined && answer.status < 300) siege.ledger.expect(mark, `${what}, answer ${n}`)
  }
  await end(siege, what, wire, ending)
  findings.count('requests in pipelines', whole)
}

async function end(siege: Siege, what: string, wire: Wire, ending: 'open' | 'closes' | 'broken'): Promise<void> {
  const before = wire.answers.length
  if (ending === 'open') await siege.follow(what, wire)
  else {
    const last = wire.answers.at(-1)
    const status = ending === 'closes' ? 200 : 400
    if (last?.status !== status) siege.fail(`${what}: the last answer is ${last?.status}, not ${status}`, wire)
    if (!(await wire.until(() => wire.closed))) siege.fail(`${what}: the connection stays open`, wire)
    if (wire.answers.length > before || wire.reader.unread > 0)
      siege.fail(`${what}: something was answered after`, wire)
  }
  wire.reset()
}

function step(siege: Siege): Step {
  const { random, marks } = siege
  if (random.chance(0.2)) return siege.follower()
  const door = random.pick<Door>(doors)
  if (door.write && random.chance(0.3)) {
    const mark = marks.next()
    // What the answer to a write tells is what was written; that of an invitation tells the email.
    return { bytes: writeBytes(door, door.write(mark)), tells: mark, mark }
  }
  const n = random.below(40)
  return { bytes: readBytes(door, n), tells: door.read(n).tells }
}

function never({ random, marks }: Siege): Buffer {
  const door = random.pick(doors.filter(({ write }) => write !== undefined))
  return door.write ? writeBytes(door, door.write(marks.never())) : Buffer.alloc(0)
}

/** In one packet, or in some, cut anywhere. */
function cut(bytes: Buffer, { random }: Siege): Buffer[] {
  if (random.chance(0.5)) return [bytes]
  const places = Array.from({ length: random.between(1, 5) }, () => random.below(bytes.length)).sort((a, b) => a - b)
  return [0, ...places].map((place, n) => bytes.subarray(place, places[n])).filter(piece => piece.length > 0)
}

// Requests that break off, at every kind of place, and clients that leave: nothing of them is carried out.

import { type Door, doors, writeBytes } from './doors.ts'
import { ownerOf } from './envelopes.ts'
import { bytesOf, chunked } from './request.ts'
import type { Siege } from './siege.ts'

const AT_ONCE = 8
const HOW = ['ends its side', 'resets', 'closes'] as const

/** Each request cut at each kind of place, `more` times anywhere else too, and left in each way; or one in `share`. */
export async function aborts(siege: Siege, more: number, share: number): Promise<void> {
  const cases = doors.flatMap(door =>
    [false, true].flatMap(inChunks => {
      const bytes = whole(siege, door, inChunks)
      if (!bytes) return []
      const anywhere = Array.from({ length: more }, () => siege.random.between(1, bytes.length - 1))
      return [...placesIn(bytes), ...anywhere].flatMap(place => HOW.map(how => ({ door, inChunks, place, how })))
    }),
  )
  const work = cases.filter((_, n) => n % share === 0).values()
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (const { door, inChunks, place, how } of work) await abort(siege, door, inChunks, place, how)
    }),
  )
}

/** Marked as what must never be. Of the same length each time, but for the number of the mark. */
function whole(siege: Siege, door: Door, inChunks: boolean): Buffer | undefined {
  const written = door.write?.(siege.marks.never())
  if (!written) return undefined
  if (!inChunks) return writeBytes(door, written)
  const lines = ['host: wire.test', ...door.opens, 'transfer-encoding: chunked']
  return bytesOf(`${written.method} ${written.path} HTTP/1.1`, lines, chunked(written.body, 16))
}

/** Within method, path, version; after each line, within its name and value and its end; and within the body. */
function placesIn(bytes: Buffer): number[] {
  const text = bytes.toString('latin1')
  const lineEnds = [...text.matchAll(/\r\n/g)].flatMap(({ index }) => [index, index + 1, index + 2])
  const body = text.indexOf('\r\n\r\n') + 4
  const places = [1, 3, 5, 12, text.indexOf('HTTP') + 3, text.indexOf(':'), ...lineEnds]
  const inBody = [body + 1, Math.floor((body + bytes.length) / 2), bytes.length - 2, bytes.length - 1]
  return [...new Set([...places, ...inBody])].filter(place => place > 0 && place < bytes.length)
}

async function abort(
  siege: Siege,
  door: Door,
  inChunks: boolean,
  place: number,
  how: (typeof HOW)[number],
): Promise<void> {
  const bytes = whole(siege, door, inChunks)
  if (!bytes) return
  const wire = await siege.open()
  siege.findings.count('requests broken off')
  // Two digits of a mark instead of one: never the whole.
  wire.write(bytes.subarray(0, Math.min(place, bytes.length - 1)))
  const what = `${door.name}, cut at ${place}${inChunks ? ' in chunks' : ''}, the client ${how}`
  if (how === 'ends its side') {
    await siege.leave(what, wire)
    const envelopes = [ownerOf(door.read(0).path), 'memberstack' as const]
    siege.check(what, wire, wire.answers, envelopes)
    if (wire.answers.some(({ status }) => status < 400)) siege.fail(`${what}: it was served`, wire)
    if (wire.answers.length > 1) siege.fail(`${what}: more answers than requests`, wire)
    return
  }
  await wire.until(() => false, 1)
  if (how === 'closes') wire.end()
  wire.reset()
}

/** Whole requests, after which the client ends its side or is gone: each is carried out once, or not at all. */
export async function leavers(siege: Siege, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const door = siege.random.pick(doors.filter(({ write }) => write !== undefined))
    const mark = siege.marks.next()
    siege.ledger.allow(mark)
    const written = door.write?.(mark)
    if (!written) continue
    const wire = await siege.open()
    siege.findings.count('clients gone before their answer')
    wire.write(writeBytes(door, written))
    if (siege.random.chance(0.5)) {
      await siege.leave(`${door.name}, the client ends its side after a whole request`, wire)
      siege.check(`${door.name}, half-closed`, wire, wire.answers, [ownerOf(door.read(0).path)])
    } else {
      await wire.until(() => false, siege.random.below(3))
      wire.reset()
    }
  }
}

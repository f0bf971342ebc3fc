// Many connections at once, and clients that do not take what they asked for.

import { setTimeout as sleep } from 'node:timers/promises'
import { doors, readBytes } from './doors.ts'
import { bytesOf } from './request.ts'
import type { Siege } from './siege.ts'
import { heldBy } from './vitals.ts'
import { Wire } from './wire.ts'

/** Some hundred KiB each. */
const LARGE = bytesOf('GET /docs/memberstack HTTP/1.1', ['host: wire.test'])
/** How much more the server may hold for clients that do not read: what is under way for each, not all that they ask for. */
const UNREAD_MIB = 256

/** Connections that do nothing, and some that did something: all of them stay open, and the next one is served. */
export async function idle(siege: Siege, count: number): Promise<void> {
  const wires: Wire[] = []
  for (let n = 0; n < count; n++) {
    const wire = await siege.open()
    const door = doors[n % doors.length]
    if (n % 3 === 0 && door) wire.write(readBytes(door, n))
    if (n % 3 === 1) wire.write(Buffer.from('GET /rea'))
    wires.push(wire)
  }
  siege.findings.count('idle connections at once', count)
  const last = await siege.open()
  await siege.follow(`${count} idle connections`, last)
  last.reset()
  for (const wire of wires) wire.reset()
}

/** Clients that ask for megabytes on one connection and read nothing, for `ms`. */
export async function unread(siege: Siege, pid: number, clients: number, ms: number): Promise<void> {
  const before = heldBy(pid).memoryMiB
  const wires: Wire[] = []
  for (let n = 0; n < clients; n++) {
    const wire = await Wire.open(siege.origin, { reads: false })
    wire.write(Buffer.concat(Array.from({ length: 200 }, () => LARGE)))
    wires.push(wire)
  }
  siege.findings.count('answers asked for and not read', clients * 200)
  await sleep(ms)
  const more = heldBy(pid).memoryMiB - before
  if (more > UNREAD_MIB) siege.findings.fail(`${clients} clients that do not read cost the server ${more} MiB`)
  for (const wire of wires) wire.reset()
}

/** Clients that leave in the middle of a large answer. */
export async function resets(siege: Siege, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const wire = await siege.open()
    wire.write(Buffer.concat([LARGE, LARGE, LARGE]))
    const some = siege.random.below(200_000)
    await wire.until(() => wire.reader.unread > some || wire.answers.length > 1)
    wire.reset()
  }
  siege.findings.count('resets in the middle of an answer', count)
}

// Durable creates: memberships under 64 clients, each with its event (and, where invitations are mailed, its link and its
// mail), against single rows that SQLite stores one transaction each, on the same disk, with nothing around it.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { LOAD_CORE, pinSelf } from '../cores.ts'
import { atLeast, type Line } from '../lines.ts'
import { runPart } from '../part.ts'
import { type Contender, durableRatioOf, lineOf, paceOf, type Raced, type Round, round } from '../rounds.ts'
import { type ServerProcess, start } from '../server-process.ts'
import { uninvitedIn } from '../stores/memberships.ts'
import { understudy } from '../targets.ts'

const MEMBERS = 1000
const UNINVITED = 300_000
const CLIENTS = 64
const RATIO_MIN = 0.5
const OPERATION = `create, ${CLIENTS} clients`
/** The contender that the bound is on: a membership and its event. Mailed ones write a link and a mail beside them. */
const BOUND = 'active at once'

await runPart(async ({ directory, quick }) => {
  pinSelf(LOAD_CORE)
  const alone = await start(['servers/inserts-alone.ts', join(directory, 'alone.db')])
  const contenders = [
    await creating(directory, BOUND, 'automatic'),
    await creating(directory, 'invited by mail', 'verify'),
  ]
  const pace = paceOf(quick)
  for (const contender of contenders) await round(contender, pace.warmUpSeconds)
  const inserts: Raced = { name: 'SQLite, one row each', rounds: [] }
  const raced = contenders.map(contender => ({ contender, name: contender.name, rounds: [] as Round[] }))
  for (let n = 0; n < pace.rounds; n++) {
    inserts.rounds.push(await insertsAlone(alone, pace.seconds))
    for (const { contender, rounds } of raced) rounds.push(await round(contender, pace.seconds))
  }
  await Promise.all([alone, ...contenders.map(({ server }) => server)].map(server => server.stop()))
  return [lineOf(inserts, 'insert, one client'), ...raced.map(ours => compared(ours, inserts))]
})

async function creating(directory: string, how: string, invitations: 'automatic' | 'verify'): Promise<Contender> {
  const own = join(directory, invitations)
  mkdirSync(own)
  const target = await understudy(own, { size: MEMBERS, uninvited: UNINVITED, invitations })
  const emails = uninvitedIn(target.store)
  const next = () => {
    const email = emails.pop()
    return email === undefined ? undefined : target.create(email)
  }
  return { ...target, name: `${target.name}, ${how}`, load: { connections: CLIENTS, status: 201, next } }
}

async function insertsAlone({ url }: ServerProcess, seconds: number): Promise<Round> {
  const response = await fetch(`${url}/?ms=${seconds * 1000}`)
  const perSecond = Number(await response.text())
  const unknown = Number.NaN
  return { perSecond, p50Ms: unknown, p99Ms: unknown, cpuUs: unknown, rssMiB: unknown, disturbed: false }
}

function compared(ours: Raced, inserts: Raced): Line {
  const ratio = durableRatioOf(ours, inserts)
  const line = { ...lineOf(ours, OPERATION), ...ratio }
  return ours.name.endsWith(BOUND) ? { ...line, bound: atLeast('ratio', ratio.ratio, RATIO_MIN) } : line
}

// Change a member's role, and remove a member: Understudy on both engines beside better-auth. Each change is durable,
// and with Understudy it writes its event too.

import { LOAD_CORE, pinSelf } from '../cores.ts'
import type { Line } from '../lines.ts'
import { runPart } from '../part.ts'
import { durableRatioOf, lineOf, paceOf, type Raced, race, round } from '../rounds.ts'
import { startPostgres } from '../stores/postgres.ts'
import { betterAuth, type Target, understudy } from '../targets.ts'

const MEMBERS = 1000
const CONNECTIONS = 16
/** Each member can be removed once. The first round does not count. */
const REMOVALS_A_ROUND = 120
const LONG_S = 60

await runPart(async ({ directory, quick }) => {
  pinSelf(LOAD_CORE)
  const postgres = await startPostgres(directory)
  const peer = await betterAuth(directory, MEMBERS)
  const targets = [
    await understudy(directory, { size: MEMBERS }),
    await understudy(directory, { size: MEMBERS }, postgres),
    peer,
  ]
  const pace = paceOf(quick)
  const changed = await race(
    targets.map(target => ({ ...target, load: { connections: CONNECTIONS, status: 200, next: roleChanges(target) } })),
    pace,
  )
  const removed = await removeInTurns(targets, pace.rounds)
  await Promise.all(targets.map(({ server }) => server.stop()))
  await postgres.stop()
  return [...linesOf('change a role', changed, peer.name), ...linesOf('remove', removed, peer.name)]
})

/** Everybody becomes an admin, then a member again, over and over: each request changes something. */
function roleChanges({ setRole }: Target): () => Buffer {
  let sent = 0
  return () => {
    const n = sent++
    return setRole(n % MEMBERS, Math.floor(n / MEMBERS) % 2 === 0 ? 'admin' : 'member')
  }
}

async function removeInTurns(targets: readonly Target[], rounds: number): Promise<Raced[]> {
  const raced = targets.map(target => ({ name: target.name, target, rounds: [] as Raced['rounds'] }))
  for (let n = 0; n <= rounds; n++) {
    for (const { target, rounds } of raced) {
      const requests = Array.from({ length: REMOVALS_A_ROUND }, (_, m) => target.remove(n * REMOVALS_A_ROUND + m))
      const load = { connections: CONNECTIONS, status: 200, next: () => requests.pop() }
      const done = await round({ ...target, load }, LONG_S)
      if (n > 0) rounds.push(done)
    }
  }
  return raced
}

function linesOf(operation: string, raced: readonly Raced[], peer: string): Line[] {
  const theirs = raced.find(({ name }) => name === peer)
  return raced.map(ours => ({ ...lineOf(ours, operation), ...(theirs ? durableRatioOf(ours, theirs) : {}) }))
}

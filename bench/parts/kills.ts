// What an acknowledged create is worth: 64 clients create memberships, the server is killed at a moment nobody chose, and
// the next one must know every membership that was acknowledged. Twenty times on one store.

import { Connection, expect } from '../connection.ts'
import { LOAD_CORE, pinSelf } from '../cores.ts'
import { atLeast, atMost } from '../lines.ts'
import { runPart } from '../part.ts'
import { type ServerProcess, startUnderstudy } from '../server-process.ts'
import { type MembershipStore, makeMembershipStore, uninvitedIn } from '../stores/memberships.ts'
import { requestsTo } from '../targets.ts'

const KILLS = 20
const KILLS_QUICK = 3
const CLIENTS = 64
const UNINVITED = 300_000
/** How long a server lives under load. */
const LIFE_MIN_MS = 50
const LIFE_MAX_MS = 1000

await runPart(async ({ directory, quick }) => {
  pinSelf(LOAD_CORE)
  const store = await makeMembershipStore(directory, { size: 0, uninvited: UNINVITED })
  const emails = uninvitedIn(store)
  const kills = quick ? KILLS_QUICK : KILLS
  const all: string[] = []
  let server = await startUnderstudy(directory)
  let lost = 0
  let fruitful = 0
  for (let kill = 0; kill < kills; kill++) {
    const acknowledged = await createUntilKilled(server, store, emails)
    server = await startUnderstudy(directory)
    lost += await countMissing(server, store, acknowledged)
    if (acknowledged.length > 0) fruitful++
    all.push(...acknowledged)
  }
  // Later kills have not undone earlier ones.
  lost = Math.max(lost, await countMissing(server, store, all))
  await server.stop()
  const contender = 'Understudy, SQLite'
  return [
    {
      contender,
      operation: `${kills} × kill -9: ${lost} of ${all.length} creates lost`,
      bound: atMost('lost', lost, 0),
    },
    { contender, operation: `kills with creates before them: ${fruitful}`, bound: atLeast('kills', fruitful, kills) },
  ]
})

/** Returns the ids of the memberships that were acknowledged before the server was gone. */
async function createUntilKilled(server: ServerProcess, store: MembershipStore, emails: string[]): Promise<string[]> {
  const { create } = requestsTo(store)
  const acknowledged: string[] = []
  const connections = await Promise.all(Array.from({ length: CLIENTS }, () => Connection.open(server.url)))
  let killed = false
  const client = async (connection: Connection) => {
    for (let email = emails.pop(); email !== undefined; email = emails.pop()) {
      const reply = await expect(201, connection, create(email)).catch((error: unknown) => {
        // Whatever was under way then may be lost: nobody was told that it is stored.
        if (!killed) throw error
      })
      if (!reply) return
      acknowledged.push(JSON.parse(reply.body.toString()).data.id)
    }
    throw new Error('there are not enough accounts')
  }
  const lifeMs = LIFE_MIN_MS + Math.random() * (LIFE_MAX_MS - LIFE_MIN_MS)
  const death = new Promise(resolve => setTimeout(resolve, lifeMs)).then(() => {
    killed = true
    return server.stop('SIGKILL')
  })
  await Promise.all([death, ...connections.map(client)])
  for (const connection of connections) connection.close()
  return acknowledged
}

async function countMissing(server: ServerProcess, store: MembershipStore, ids: readonly string[]): Promise<number> {
  const { readById } = requestsTo(store)
  const left = [...ids]
  let missing = 0
  const reader = async () => {
    const connection = await Connection.open(server.url)
    for (let id = left.pop(); id !== undefined; id = left.pop()) {
      const { status } = await connection.send(readById(id))
      if (status !== 200) missing++
    }
    connection.close()
  }
  await Promise.all(Array.from({ length: CLIENTS }, reader))
  return missing
}

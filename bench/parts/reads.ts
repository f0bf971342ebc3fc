// Read one member by id, and a list of twenty: Understudy on both engines, against a bare node:http, a bare Fastify with
// the same JSON, and better-auth doing the same.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Connection, expect } from '../connection.ts'
import { LOAD_CORE, pinSelf } from '../cores.ts'
import { atLeast, type Line } from '../lines.ts'
import { inCircles } from '../load.ts'
import { runPart, type Setting } from '../part.ts'
import { type Contender, lineOf, paceOf, type Raced, race, ratioOf } from '../rounds.ts'
import { type ServerProcess, start } from '../server-process.ts'
import { startPostgres } from '../stores/postgres.ts'
import { betterAuth, PAGE_SIZE, pageOf, pathOf, type Target, understudy } from '../targets.ts'

const MEMBERS = 1000
const CONNECTIONS = 50
const FASTIFY = 'bare Fastify'
const PEER = 'better-auth'

interface Operation {
  name: string
  requests(target: Target): Buffer[]
  /** Of whose requests per second each must reach which share; a target that is not named has no bound. */
  bounds: { target: string; least: number; of: string }[]
}

const operations: Operation[] = [
  {
    name: 'read by id',
    requests: target => upTo(MEMBERS, n => target.read(n)),
    bounds: [
      { target: 'Understudy, SQLite', least: 0.6, of: FASTIFY },
      { target: 'Understudy, PostgreSQL', least: 0.25, of: FASTIFY },
      { target: 'Understudy, SQLite', least: 15, of: PEER },
    ],
  },
  {
    name: `list of ${PAGE_SIZE}`,
    requests: target => upTo(MEMBERS / PAGE_SIZE, page => target.list(page)),
    bounds: [
      { target: 'Understudy, SQLite', least: 0.5, of: FASTIFY },
      { target: 'Understudy, SQLite', least: 15, of: PEER },
    ],
  },
]

await runPart(async ({ directory, quick }: Setting) => {
  pinSelf(LOAD_CORE)
  const postgres = await startPostgres(directory)
  const sqlite = await understudy(directory, { size: MEMBERS })
  const onPostgres = await understudy(directory, { size: MEMBERS }, postgres)
  const replies = join(directory, 'replies.json')
  writeFileSync(replies, JSON.stringify(await readAll(sqlite)))
  const bare = async (name: string, script: string): Promise<Target> => ({
    ...sqlite,
    name,
    server: await start([script, replies]),
  })
  const targets = [
    await bare('bare node:http', 'servers/bare-http.ts'),
    await bare(FASTIFY, 'servers/bare-fastify.ts'),
    sqlite,
    onPostgres,
    await betterAuth(directory, MEMBERS),
  ]
  const lines: Line[] = []
  for (const operation of operations) {
    const contenders = targets.map(target => contenderOf(target, operation))
    lines.push(...linesOf(operation, await race(contenders, paceOf(quick))))
  }
  await Promise.all(targets.map(({ server }) => server.stop()))
  await postgres.stop()
  return lines
})

/** Every reply of Understudy's that a bare server will have to give, by path. */
async function readAll({ server, read, list }: Target & { server: ServerProcess }): Promise<Record<string, unknown>> {
  const connection = await Connection.open(server.url)
  const replies: Record<string, unknown> = {}
  const keep = async (path: string, bytes: Buffer) => {
    replies[path] = JSON.parse((await expect(200, connection, bytes)).body.toString())
  }
  for (let n = 0; n < MEMBERS; n++) await keep(pathOf(n), read(n))
  for (let page = 0; page < MEMBERS / PAGE_SIZE; page++) await keep(pageOf(page), list(page))
  connection.close()
  return replies
}

function contenderOf(target: Target, { requests }: Operation): Contender {
  return { ...target, load: { connections: CONNECTIONS, status: 200, next: inCircles(requests(target)) } }
}

/** A line for each target, then one more for each further bound on it. */
function linesOf({ name, bounds }: Operation, raced: Raced[]): Line[] {
  return raced.flatMap(target => {
    const [first, ...others] = bounds
      .filter(bound => bound.target === target.name)
      .map(bound => compared(target, bound))
    const alone = raced.find(({ name }) => name === FASTIFY) ?? target
    return [
      { ...lineOf(target, name), ...(first ?? ratioOf(target, alone)) },
      ...others.map(other => ({ contender: target.name, operation: name, ...other })),
    ]
  })

  function compared(target: Raced, { least, of }: Operation['bounds'][number]): Partial<Line> {
    const other = raced.find(({ name }) => name === of)
    if (!other) throw new Error(`there is no ${of}`)
    const ratio = ratioOf(target, other)
    return { ...ratio, bound: atLeast('ratio', ratio.ratio, least) }
  }
}

function upTo<T>(count: number, make: (n: number) => T): T[] {
  return Array.from({ length: count }, (_, n) => make(n))
}

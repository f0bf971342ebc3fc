// Requests that are hostile in what they hold, to every route there is: a real server, real sockets, on either store.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startPostgres } from '../../bench/stores/postgres.ts'
import { lookAt } from '../../src/platform/db/look.ts'
import type { Findings } from '../findings.ts'
import { audit } from '../hostile/ledger.ts'
import { markupOnPages } from '../hostile/markup.ts'
import { prepareStorm } from '../hostile/prepare.ts'
import { roundTrips } from '../hostile/round-trips.ts'
import { seedText } from '../hostile/seed.ts'
import { roundOfChance, roundOfPlaces } from '../hostile/storm.ts'
import { Memory } from '../memory.ts'
import { runPart } from '../part.ts'
import { type Server, startServer } from '../server.ts'

const ROUND_SIZE = 500
const REQUESTS_MIN = 100_000
/** So many, with what is sent again; fewer where each costs more. */
const ROUNDS = { SQLite: 85, PostgreSQL: 42 }
const ROUNDS_QUICK = 2
const READ_MS = 60_000
/** Addresses are what the storm says they are; passwords cost as little as may be configured. */
const SETTINGS = 'trustProxy: true\npasswords: { memoryKiB: 7168, passes: 1, parallelism: 1 }\n'
/** A mail server that is never there: mails wait to be sent, and can be sent again. */
const MAILING = "smtp: { url: 'smtp://127.0.0.1:1', from: 'server@open.test' }\n"

await runPart(async ({ directory, quick, seed, findings }) => {
  const files = { config: join(directory, 'config.yaml'), seed: join(directory, 'seed.json') }
  writeFileSync(files.seed, seedText())
  const torture = async (engine: keyof typeof ROUNDS, data: string) => {
    writeFileSync(files.config, engine === 'SQLite' ? SETTINGS : SETTINGS + MAILING)
    const memory = new Memory(join(directory, `heap-${engine}`))
    const env = { UNDERSTUDY_CONFIG: files.config, UNDERSTUDY_HOME: join(directory, 'home'), ...memory.env }
    const server = await startServer(data, { env, flags: ['--seed', files.seed] })
    await storm(server, memory, { data, engine, seed, findings, rounds: quick ? ROUNDS_QUICK : ROUNDS[engine] })
    if (!quick) memory.compare(findings, engine)
  }
  await torture('SQLite', join(directory, 'data'))
  const postgres = await startPostgres(directory)
  await torture('PostgreSQL', postgres.url)
  await postgres.stop()
  const { requests = 0 } = findings.outcome().counts
  if (!quick && requests < REQUESTS_MIN)
    findings.fail(`${REQUESTS_MIN} requests or more are sent, and were ${requests}`)
})

interface Plan {
  data: string
  engine: string
  seed: number
  findings: Findings
  rounds: number
}

async function storm(server: Server, memory: Memory, { data, engine, seed, findings, rounds }: Plan): Promise<void> {
  const look = await lookAt(data, READ_MS)
  if (!look) throw new Error(`there is no store at ${data}`)
  const prepared = await prepareStorm(server.url, look.db, { seed, engine, findings })
  await roundOfPlaces(prepared)
  await roundTrips(prepared, rounds)
  await markupOnPages(prepared)
  for (let done = 0; done < rounds && server.isUp(); done++) {
    await roundOfChance(prepared, ROUND_SIZE)
    await memory.sample(server.pid)
  }
  const { origin, sent } = prepared
  const ready = await fetch(`${server.url}/ready`)
  if (ready.status !== 200) findings.fail(`${origin}: it is ready afterwards, but /ready says ${ready.status}`)
  prepared.close()
  const code = await server.stop()
  if (code !== 0) findings.fail(`${origin}: it ends as it is told to, but with ${code}`)
  await audit(look.db, server.log(), { findings, tellOf: id => sent.get(id) ?? '' })
  await look.close()
  for (const complaint of complaintsOf(server)) findings.fail(`${origin}: no error is logged, but: ${complaint}`)
}

/** Log lines of errors, and what no log line is: a warning of the runtime, an exception that nobody caught. */
function complaintsOf(server: Server): string[] {
  const logged = server.log().filter(({ level }) => level === 'error' || level === 'fatal')
  const others = server.said().split('\n')
  return [...logged.map(line => JSON.stringify(line)), ...others.filter(line => /^\(node:|Error: |^\s+at /.test(line))]
}

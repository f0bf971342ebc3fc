// Mixed load of all three vendors at 80 per cent of what the server can do, for ten minutes: no error, p99 steady, memory
// flat. The server has one core, the load and the receiver of its webhooks the other.

import { join } from 'node:path'
import { cpuSeconds, LOAD_CORE, pinSelf } from '../../bench/cores.ts'
import { memoryOf } from '../../bench/memory.ts'
import { startUnderstudy } from '../../bench/server-process.ts'
import { settle } from '../load/backlog.ts'
import { Clients } from '../load/clients.ts'
import { closedLoop } from '../load/closed-loop.ts'
import { mixedLoad } from '../load/mix.ts'
import { openLoop } from '../load/open-loop.ts'
import { plotOf } from '../load/plot.ts'
import { startReceiver } from '../load/receiver.ts'
import { markdownOf, takenBy } from '../load/results.ts'
import { Series } from '../load/series.ts'
import { brokenBy, steadinessOf } from '../load/steadiness.ts'
import { watchStolen } from '../load/stolen.ts'
import { makeLoadStore, REALISTIC, SMALL } from '../load/store.ts'
import { visitServer } from '../load/visit.ts'
import { Memory } from '../memory.ts'
import { runPart } from '../part.ts'
import { Random } from '../random.ts'

const CONNECTIONS = 64
const SHARE = 0.8
const SETTLE_S = 60
/** So few that hardly anybody waits for one. */
const COLLECTIONS = 12
const MINUTE_S = 60
/** Of the load's time, how long its capacity is looked for in each round. */
const ROUND = 0.1
const LONG = { size: REALISTIC, warmUpS: 10, rounds: 5, stepS: 5 }
const QUICK = { size: SMALL, warmUpS: 2, rounds: 2, loadS: 10, stepS: 1 }
const PICTURE = 'docs/load.svg'

await runPart(async ({ directory, quick, minutes, seed, findings }) => {
  pinSelf(LOAD_CORE)
  const { size, warmUpS, rounds, stepS } = quick ? QUICK : LONG
  const loadS = quick ? QUICK.loadS : minutes * MINUTE_S
  const roundS = loadS * ROUND
  const random = new Random(seed)
  const store = await makeLoadStore(join(directory, 'data'), size)
  const receiver = await startReceiver()
  const memory = new Memory(join(directory, 'heap'))
  const env = { UNDERSTUDY_ALLOW_PRIVATE_ADDRESSES: 'true', ...memory.env }
  const server = await startUnderstudy(store.directory, { env })
  const next = mixedLoad(store, await visitServer(server.url, store, receiver.url), random.fork())
  const clients = await Clients.open(server.url, CONNECTIONS)
  let errors = 0
  const fail = ({ message }: Error) => {
    errors++
    findings.fail(`every request is answered as expected: ${message} (seed ${seed})`)
  }
  const toSettle = async () => {
    for (const left of await settle(server.url, store, SETTLE_S)) {
      findings.fail(`webhooks are delivered within ${SETTLE_S} s after the load: ${left} (seed ${seed})`)
    }
  }

  /** Requests a second, as many as are taken. What the core still works for their webhooks afterwards counts too. */
  const rateOf = async (seconds: number) => {
    const before = cpuSeconds(server.pid)
    const { answered, seconds: took } = await closedLoop(clients, { clients: CONNECTIONS, next, seconds, fail })
    await toSettle()
    const worked = cpuSeconds(server.pid) - before
    return answered / Math.max(took, Number.isNaN(worked) ? 0 : worked)
  }

  await rateOf(warmUpS)
  const rates: number[] = []
  for (let round = 0; round < rounds; round++) rates.push(await rateOf(roundS))
  // What it can do at any time: a machine is not always equally fast, and how fast changes from minute to minute.
  const capacity = Math.min(...rates)
  const offered = capacity * SHARE
  const series = new Series(loadS, stepS)
  const rss = () => memoryOf(server.pid).nowMiB
  const load = { perSecond: offered, seconds: loadS, random: random.fork(), next, series, memory: rss, fail }
  const stealing = watchStolen(stepS)
  const collect = () => memory.sample(server.pid).catch(({ message }) => findings.fail(`${message} (seed ${seed})`))
  const collecting = setInterval(collect, (loadS * 1000) / COLLECTIONS)
  const requests = await openLoop(clients, load)
  clearInterval(collecting)
  const stolen = stealing.stop()
  await toSettle()
  const capacityAfterwards = await rateOf(roundS)
  clients.close()
  await server.stop()
  await receiver.close()

  const points = series.points()
  const steadiness = steadinessOf(points, series.p99sOf(MINUTE_S))
  // A few seconds say nothing about what is steady.
  const capacities = `${Math.round(capacity)} requests a second before, ${Math.round(capacityAfterwards)} afterwards`
  const told = `capacity ${capacities}; taken from its core by the host: ${takenBy(stolen)} (seed ${seed})`
  if (!quick) for (const broken of brokenBy(steadiness)) findings.fail(`${broken}; ${told}`)
  if (!quick) memory.compare(findings, 'SQLite')
  findings.count('requests', requests)
  findings.count('errors', errors)
  findings.count('requests a second, at 80 % of capacity', Math.round(offered))
  findings.count('webhooks delivered', receiver.received())
  const results = {
    seconds: loadS,
    rates,
    capacityAfterwards,
    offered,
    requests,
    errors,
    deliveries: receiver.received(),
    steadiness,
    stolen,
  }
  const title = `Mixed load at ${Math.round(SHARE * 100)} % of capacity`
  findings.page({ path: PICTURE, text: plotOf({ title, points, offered }) })
  const picture = `![${title}: rate, p50 and p99, and memory over time](load.svg)`
  findings.page({ path: 'docs/performance.md', section: 'torture:load', text: markdownOf(results, picture) })
})

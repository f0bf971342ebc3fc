// Mixed load of all three vendors at 80 per cent of what the server can do, for ten minutes: no error, p99 steady, memory
// flat. The server has one core, the load and the receiver of its webhooks the other.

import { join } from 'node:path'
import { canPin, cpuSeconds, LOAD_CORE, pinSelf } from '../../bench/cores.ts'
import { memoryOf } from '../../bench/memory.ts'
import { startUnderstudy } from '../../bench/server-process.ts'
import { settle } from '../load/backlog.ts'
import { capacityOf, usedShareOf } from '../load/capacity.ts'
import { Clients } from '../load/clients.ts'
import { closedLoop } from '../load/closed-loop.ts'
import { mixedLoad } from '../load/mix.ts'
import { openLoop } from '../load/open-loop.ts'
import { plotOf } from '../load/plot.ts'
import { startReceiver } from '../load/receiver.ts'
import { markdownOf, percent, takenBy } from '../load/results.ts'
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
/** What requests cost depends on how many there are: the first shows about how many there will be, the second what they cost. */
const TRIALS = 2
/** So few that hardly anybody waits for one. */
const COLLECTIONS = 12
const MINUTE_S = 60
const LONG = { size: REALISTIC, warmUpS: 10, roundS: 10, trialS: 60, stepS: 5 }
const QUICK = { size: SMALL, warmUpS: 2, roundS: 2, trialS: 2, loadS: 10, stepS: 1 }
const PICTURE = 'docs/load.svg'

await runPart(async ({ directory, quick, minutes, seed, findings }) => {
  pinSelf(LOAD_CORE)
  const { size, warmUpS, roundS, trialS, stepS } = quick ? QUICK : LONG
  const loadS = quick ? QUICK.loadS : minutes * MINUTE_S
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

  /** What requests that arrive at random make of the core; so many for each second of it that the host gives. */
  const usageOf = async (perSecond: number, series: Series, seconds: number) => {
    const before = cpuSeconds(server.pid)
    const stealing = watchStolen(stepS)
    const rss = () => memoryOf(server.pid).nowMiB
    const load = { perSecond, seconds, random: random.fork(), next, series, memory: rss, fail }
    const requests = await openLoop(clients, { ...load, given: stealing.given })
    const stolen = stealing.stop()
    await toSettle()
    return { requests, seconds, usedS: cpuSeconds(server.pid) - before, stolen }
  }

  await rateOf(warmUpS)
  const most = await rateOf(roundS)
  // Those who wait for each other are served many at once, which costs less: what arrives at random shows what it costs. Where
  // processes cannot be kept to cores, nothing shows it.
  let capacity = most
  for (let n = 0; canPin && n < TRIALS; n++) {
    capacity = capacityOf(await usageOf(capacity * SHARE, new Series(trialS, stepS), trialS))
  }
  const series = new Series(loadS, stepS)
  const collect = () => memory.sample(server.pid).catch(({ message }) => findings.fail(`${message} (seed ${seed})`))
  const collecting = setInterval(collect, (loadS * 1000) / COLLECTIONS)
  const usage = await usageOf(capacity * SHARE, series, loadS)
  clearInterval(collecting)
  clients.close()
  await server.stop()
  await receiver.close()

  const points = series.points()
  const deliveries = receiver.received()
  const steadiness = steadinessOf(points, series.p99sOf(MINUTE_S))
  // A few seconds say nothing about what is steady.
  const used = usedShareOf(usage)
  const told = `the host took ${takenBy(usage.stolen)} of the core, the server used ${percent(used)} of the rest (seed ${seed})`
  if (!quick) for (const broken of brokenBy(steadiness)) findings.fail(`${broken}; ${told}`)
  if (!quick) memory.compare(findings, 'SQLite')
  findings.count('requests', usage.requests)
  findings.count('errors', errors)
  findings.count('requests a second, at 80 % of capacity', Math.round(usage.requests / loadS))
  findings.count('webhooks delivered', deliveries)
  if (usage.stolen) {
    findings.count('per cent of the core that the host took', Math.round(usage.stolen.mean * 100))
    findings.count('per cent of it in the worst step', Math.round(usage.stolen.worst * 100))
    findings.count('per cent of the rest that the server used', Math.round(used * 100))
  } else {
    findings.leaveOut('how much the host of a virtual machine takes: processes cannot be kept to cores')
  }
  const results = { ...usage, most, capacity, errors, deliveries, steadiness }
  const title = `Mixed load at ${Math.round(SHARE * 100)} % of capacity`
  findings.page({ path: PICTURE, text: plotOf(title, points) })
  const picture = `![${title}: rate, p50 and p99, and memory over time](load.svg)`
  findings.page({ path: 'docs/performance.md', section: 'torture:load', text: markdownOf(results, picture) })
})

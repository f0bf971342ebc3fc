// How soon a server answers on a store that is there: from the start of its process to the first 200 of `/ready`.

import { setTimeout as sleep } from 'node:timers/promises'
import { Connection, request } from './connection.ts'
import { atMost, type Line } from './lines.ts'
import { median, percentile } from './numbers.ts'
import { freePort } from './ports.ts'
import { startUnderstudy } from './server-process.ts'

const STARTS = 9
const STARTS_QUICK = 3
const MOST_MS = 400
const POLL_MS = 2
const GIVE_UP_MS = 20_000
const READY = request('GET', '/ready', {})

/** Starts servers on the stores in turn, each on all cores, as an operator does. The first start of each does not count. */
export async function measureStarts(
  stores: readonly { name: string; data: string }[],
  quick: boolean,
): Promise<Line[]> {
  const started = stores.map(({ name, data }) => ({ name, data, times: [] as number[] }))
  for (let n = 0; n <= (quick ? STARTS_QUICK : STARTS); n++) {
    for (const { data, times } of started) {
      const ms = await startOn(data)
      if (n > 0) times.push(ms)
    }
  }
  return started.map(({ name, times }) => {
    const p50Ms = median(times)
    const bound = atMost('p50', Math.round(p50Ms), MOST_MS)
    return { contender: name, operation: 'start to /ready', p50Ms, p99Ms: percentile(times, 0.99), bound }
  })
}

async function startOn(data: string): Promise<number> {
  const port = await freePort()
  const startedAt = performance.now()
  const starting = startUnderstudy(data, { port, cores: 'all' })
  while (!(await isReady(`http://127.0.0.1:${port}`))) {
    if (performance.now() - startedAt > GIVE_UP_MS) throw new Error('the server is not ready')
    await sleep(POLL_MS)
  }
  const ms = performance.now() - startedAt
  await (await starting).stop()
  return ms
}

async function isReady(url: string): Promise<boolean> {
  try {
    const connection = await Connection.open(url)
    const { status } = await connection.send(READY)
    connection.close()
    return status === 200
  } catch {
    // Nobody listens yet.
    return false
  }
}

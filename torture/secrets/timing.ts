// Whether the time of a refusal tells an unknown credential from a wrong one. Both are asked in turn, so that what slows
// the machine slows both; the difference of the medians counts only against how well so many samples tell a median.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Findings } from '../findings.ts'
import type { Random } from '../random.ts'
import { startServer } from '../server.ts'
import { Doors, type Pair } from './doors.ts'
import { overSockets, type Send } from './wire.ts'

/** So many standard errors of the difference are no chance, though what slows a machine slows many samples in a row. */
const ERRORS_MAX = 4
/** Below it a difference drowns on any network. */
const DIFFERENCE_MIN_MS = 0.05

export async function timingRun(
  { directory, findings, random }: { directory: string; findings: Findings; random: Random },
  samples: number,
): Promise<void> {
  const [seed, config] = [join(directory, 'timing.yaml'), join(directory, 'timing-config.yaml')]
  const doors = new Doors(random, samples)
  writeFileSync(config, JSON.stringify({ trustProxy: true, passwords: { memoryKiB: 1024, passes: 1 } }))
  writeFileSync(seed, JSON.stringify(doors.seed()))
  const env = { UNDERSTUDY_CONFIG: config, UNDERSTUDY_LOG_LEVEL: 'silent' }
  const server = await startServer(join(directory, 'timing'), { env, flags: ['--seed', seed] })
  const { send, close } = overSockets(server.url)
  try {
    await doors.open(send)
    for (const pair of doors.pairs()) judge(pair.name, await measure(pair, samples, send, random), findings)
  } finally {
    close()
    await server.stop()
  }
}

type Times = { unknown: number[]; wrong: number[] }

async function measure({ status, ...pair }: Pair, samples: number, send: Send, random: Random): Promise<Times> {
  const times: Times = { unknown: [], wrong: [] }
  for (let sample = 0; sample < samples; sample++) {
    // Now the one first, now the other.
    for (const which of random.chance(0.5) ? (['unknown', 'wrong'] as const) : (['wrong', 'unknown'] as const)) {
      const request = pair[which]()
      const startedAt = performance.now()
      const reply = await send(request)
      const ms = performance.now() - startedAt
      if (reply.status !== status) throw new Error(`${pair.name} was answered with ${reply.status}: ${reply.body}`)
      // The first of all find nothing warm.
      if (sample >= samples / 10) times[which].push(ms)
    }
  }
  return times
}

function judge(name: string, { unknown, wrong }: Times, findings: Findings): void {
  findings.count('refusals timed', unknown.length + wrong.length)
  const [one, other] = [medianOf(unknown), medianOf(wrong)]
  const difference = Math.abs(one.middle - other.middle)
  const error = Math.hypot(one.error, other.error)
  if (difference < DIFFERENCE_MIN_MS || difference < ERRORS_MAX * error) return
  const told = [one, other].map(({ middle }) => `${middle.toFixed(3)} ms`).join(' and ')
  findings.fail(`${name}: unknown and wrong ones take ${told} (medians; standard error ${error.toFixed(3)} ms)`)
}

function medianOf(times: number[]): { middle: number; error: number } {
  const sorted = times.toSorted((one, other) => one - other)
  const at = (part: number) => sorted[Math.floor(sorted.length * part)] ?? 0
  // The standard error of a median whose neighbourhood is as dense as the half of all samples between the quartiles.
  return { middle: at(0.5), error: (at(0.75) - at(0.25)) / Math.sqrt(sorted.length) }
}

// What the machine kept from those who work on it: a core that its host gave to others, a disk that answered nobody. Both
// are seen beside the load, by a thread that has nothing to do with the server.

import { Worker } from 'node:worker_threads'
import { canPin, LOAD_CORE, SERVER_CORE } from '../../bench/cores.ts'

/** What happened since the sample before. */
export interface Sample {
  /** When it ended, in milliseconds since 1970. */
  atMs: number
  tookMs: number
  /** Of the server's core and of the load's: milliseconds that anything ran, and that something would have but for the host. */
  cores: { usedMs: number; stolenMs: number }[]
  /** How long one page took to be on the disk. */
  writeMs: number
}

/** What the thread is given. */
export interface WatchData {
  directory: string
  /** Numbers of cores; none where processes cannot be kept to them. */
  cores: readonly number[]
}

export interface Delay {
  atMs: number
  behindMs: number
}

/**
 * On a disk whose writes take a few milliseconds, one of ours waits up to 70 ms behind what the server writes beside it
 * (measured at full load). What waits longer is held up by something else.
 */
const STALL_MS = 100

/** Samples the machine until it is stopped; `directory` is on the server's disk. No samples where processes cannot be kept to cores. */
export function watchMachine(directory: string): { stop(): Promise<Sample[]> } {
  const workerData: WatchData = { directory, cores: canPin ? [SERVER_CORE, LOAD_CORE] : [] }
  const worker = new Worker(new URL('machine-worker.ts', import.meta.url), { workerData })
  const samples = new Promise<Sample[]>((resolve, reject) => {
    worker.once('message', resolve)
    worker.once('error', reject)
  })
  // Whoever stops it hears of it.
  samples.catch(() => undefined)
  return {
    stop: () => {
      worker.postMessage('stop')
      return samples
    },
  }
}

/**
 * How far behind the machine alone puts whoever works on it, at the end of each sample. Each core is a queue: work comes at
 * the rate of what the core was used for on average, and is done but for what was stolen; a stalled disk stops the server's
 * core. Nothing is behind unless the machine had less to give than is asked of it.
 */
export function delaysOf(samples: readonly Sample[]): Delay[] {
  const totalMs = samples.reduce((sum, { tookMs }) => sum + tookMs, 0)
  const cores = (samples[0]?.cores ?? []).map((_, n) => ({
    demand: samples.reduce((sum, { cores }) => sum + (cores[n]?.usedMs ?? 0), 0) / totalMs,
    behindMs: 0,
  }))
  return samples.map(({ atMs, tookMs, cores: seen, writeMs }) => {
    const stalledMs = writeMs > STALL_MS ? writeMs : 0
    for (const [n, core] of cores.entries()) {
      const lostMs = Math.min(tookMs, (seen[n]?.stolenMs ?? 0) + (n === 0 ? stalledMs : 0))
      core.behindMs = Math.max(0, core.behindMs + core.demand * tookMs - (tookMs - lostMs))
    }
    return { atMs, behindMs: Math.max(0, ...cores.map(({ behindMs }) => behindMs)) }
  })
}

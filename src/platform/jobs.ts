// Work that recurs: expiry, purges, mails, webhooks, usage. A job never overlaps itself, and its failure stops nothing
// else.

import type { Bell } from './bell.ts'
import type { Context } from './context.ts'

export interface Job {
  name: string
  everyMs: number
  /** When it rings, the job runs at once; if it is under way, once more after that. */
  bell?: Bell
  /** `stop` is aborted when the server stops: a run that would last then ends early, and starts nothing more. */
  run(ctx: Context, stop: AbortSignal): Promise<void>
}

export interface RunningJobs {
  /** Starts no further run and waits for those under way. */
  stop(): Promise<void>
}

/** Starts each job on its own timer. The first run comes at once: there may be work left from before. */
export function startJobs(ctx: Context, jobs: readonly Job[]): RunningJobs {
  const stopping = new AbortController()
  const timers = new Map<Job, NodeJS.Timeout>()
  const underWay = new Map<Job, Promise<void>>()
  const rung = new Set<Job>()

  const run = (job: Job) => {
    if (stopping.signal.aborted) return
    clearTimeout(timers.get(job))
    rung.delete(job)
    const turn = job
      .run(ctx, stopping.signal)
      .catch(error => ctx.log.error({ job: job.name, err: error }, 'job failed; it will be tried again'))
      .finally(() => {
        underWay.delete(job)
        if (rung.has(job)) run(job)
        else if (!stopping.signal.aborted) timers.set(job, setTimeout(run, job.everyMs, job).unref())
      })
    underWay.set(job, turn)
  }
  const ring = (job: Job) => {
    if (underWay.has(job)) rung.add(job)
    else run(job)
  }
  const deafen = jobs.map(job => job.bell?.listen(() => ring(job)))
  for (const job of jobs) run(job)

  return {
    async stop() {
      stopping.abort()
      for (const end of deafen) end?.()
      for (const timer of timers.values()) clearTimeout(timer)
      await Promise.all(underWay.values())
    },
  }
}

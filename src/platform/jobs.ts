// Work that recurs: expiry, purges, mails, usage. A job never overlaps itself, and its failure stops nothing else.

import type { Context } from './context.ts'

export interface Job {
  name: string
  everyMs: number
  run(ctx: Context): Promise<void>
}

export interface RunningJobs {
  /** Starts no further run and waits for those under way. */
  stop(): Promise<void>
}

/** Starts each job on its own timer. The first run comes at once: there may be work left from before. */
export function startJobs(ctx: Context, jobs: readonly Job[]): RunningJobs {
  let stopping = false
  const timers = new Map<Job, NodeJS.Timeout>()
  const underWay = new Set<Promise<void>>()

  const run = (job: Job) => {
    if (stopping) return
    const turn: Promise<void> = job
      .run(ctx)
      .catch(error => ctx.log.error({ job: job.name, err: error }, 'job failed; it will be tried again'))
      .finally(() => {
        underWay.delete(turn)
        if (!stopping) timers.set(job, setTimeout(run, job.everyMs, job).unref())
      })
    underWay.add(turn)
  }
  for (const job of jobs) run(job)

  return {
    async stop() {
      stopping = true
      for (const timer of timers.values()) clearTimeout(timer)
      await Promise.all(underWay)
    },
  }
}

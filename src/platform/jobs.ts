// Work that recurs: expiry, purges, mails, webhooks, usage. A job never overlaps itself, on whatever node, and its failure
// stops nothing else.

import type { Bell } from './bell.ts'
import type { Context } from './context.ts'
import { DomainError } from './errors.ts'
import { runUnderLease } from './job-lease.ts'

interface Work {
  name: string
  everyMs: number
  /** `stop` is aborted when the server stops: a run that would last then ends early, and starts nothing more. */
  run(ctx: Context, stop: AbortSignal): Promise<void>
}

/** Runs on one node at a time, the next time when its pause is over, on whichever node is first. */
interface SharedJob extends Work {
  onEveryNode?: never
}

/** Runs on every node: about what this process alone has, or claiming row by row what it does. */
interface OwnJob extends Work {
  onEveryNode: true
  /** When it rings, the job runs at once; if it is under way, once more after that. */
  bell?: Bell
}

export type Job = SharedJob | OwnJob

export interface RunningJobs {
  /** Starts no further run and waits for those under way. */
  stop(): Promise<void>
}

/** How soon a job looks again at a store that did not answer. */
const STORE_AWAY_MS = 5000

/** Returns after how many milliseconds the job has its next turn. Throws what the run throws. */
async function runIfDue(ctx: Context, job: Job, stop: AbortSignal): Promise<number> {
  const { name, everyMs } = job
  if (!job.onEveryNode) {
    return runUnderLease(ctx, { name, everyMs }, async lost => {
      await job.run(ctx, AbortSignal.any([stop, lost]))
      ctx.log.debug({ job: name }, 'job done')
    })
  }
  await job.run(ctx, stop)
  return everyMs
}

/** Starts each job on its own timer. The first look comes at once: there may be work left from before. */
export function startJobs(ctx: Context, jobs: readonly Job[]): RunningJobs {
  const stopping = new AbortController()
  const timers = new Map<Job, NodeJS.Timeout>()
  const underWay = new Map<Job, Promise<void>>()
  const rung = new Set<Job>()
  const withoutStore = new Set<Job>()

  /** Says how long to wait for the next turn. */
  const turnOf = async (job: Job): Promise<number> => {
    try {
      const waitMs = await runIfDue(ctx, job, stopping.signal)
      withoutStore.delete(job)
      return waitMs
    } catch (error) {
      if (!(error instanceof DomainError) || error.code !== 'unavailable') {
        ctx.log.error({ job: job.name, err: error }, 'job failed; it will be tried again')
        return job.everyMs
      }
      // Once for as long as it lasts: the store says the rest.
      if (!withoutStore.has(job)) ctx.log.warn({ job: job.name, reason: error.message }, 'job waits for the store')
      withoutStore.add(job)
      return Math.min(job.everyMs, STORE_AWAY_MS)
    }
  }
  const run = (job: Job) => {
    if (stopping.signal.aborted) return
    clearTimeout(timers.get(job))
    rung.delete(job)
    const turn = turnOf(job).then(waitMs => {
      underWay.delete(job)
      if (rung.has(job)) run(job)
      else if (!stopping.signal.aborted) timers.set(job, setTimeout(run, waitMs, job).unref())
    })
    underWay.set(job, turn)
  }
  const ring = (job: Job) => {
    if (underWay.has(job)) rung.add(job)
    else run(job)
  }
  const deafen = jobs.map(job => job.onEveryNode && job.bell?.listen(() => ring(job)))
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

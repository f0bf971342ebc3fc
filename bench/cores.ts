// Which core a process runs on, and how much of it a process has used. Linux only; elsewhere processes run where the
// system puts them, and what they used is not known.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'

const TICKS_PER_SECOND = 100

/** Servers share the first core; the load comes from another. */
export const SERVER_CORE = 0
export const LOAD_CORE = 1

export const canPin = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0

/** A command line that runs `command` on one core alone, all its threads included. */
export function pinned(core: number, command: string[]): string[] {
  return canPin ? ['taskset', '--cpu-list', String(core), ...command] : command
}

/** Moves this process, all its threads included, to one core. */
export function pinSelf(core: number): void {
  if (canPin) spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', String(core), String(process.pid)])
}

/** Seconds of processor time that a process has used so far, user and system; NaN where that cannot be read. */
export function cpuSeconds(pid: number): number {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return Number.NaN
  }
  // proc_pid_stat(5): utime and stime are fields 14 and 15; field 2 is a name that may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** Seconds of processor time that all processes together have used so far, on all cores. */
export function machineSeconds(): number {
  const used = cpus().map(({ times: { user, nice, sys, irq } }) => user + nice + sys + irq)
  return used.reduce((sum, milliseconds) => sum + milliseconds, 0) / 1000
}

// Which core a process runs on, and how much of it a process has used. Linux only; elsewhere processes run where the
// system puts them, and what they used is not known.

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'

/** In which Linux counts processor time in `/proc`. */
export const TICKS_PER_SECOND = 100

/** Servers share the first core; the load comes from another. */
export const SERVER_CORE = 0
export const LOAD_CORE = 1

export const canPin = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0

/** Before this process is moved to one. */
const ALL_CORES = `0-${availableParallelism() - 1}`

/** A command line that runs `command` on one core alone, all its threads included, or on all cores. */
export function pinned(core: number | 'all', command: string[]): string[] {
  return canPin ? ['taskset', '--cpu-list', core === 'all' ? ALL_CORES : String(core), ...command] : command
}

/** Moves this process, all its threads included, to one core; and with it whatever it starts afterwards. */
export function pinSelf(core: number): void {
  if (canPin) spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', String(core), String(process.pid)])
}

/** Seconds of processor time that a process has used so far, user and system; NaN where that cannot be read. */
export function cpuSeconds(pid: number): number {
  const fields = statOf(pid)
  return fields ? fields.ticks / TICKS_PER_SECOND : Number.NaN
}

/** The same of a process and the processes that it started and that still run. */
export function familySeconds(parent: number): number {
  if (!existsSync('/proc')) return Number.NaN
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger)
  const children = pids.map(statOf).filter(stat => stat?.parent === parent)
  return cpuSeconds(parent) + children.reduce((sum, stat) => sum + (stat?.ticks ?? 0), 0) / TICKS_PER_SECOND
}

function statOf(pid: number): { parent: number; ticks: number } | undefined {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined
  }
  // proc_pid_stat(5): ppid, utime and stime are fields 4, 14 and 15; field 2 is a name that may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }
}

/** Seconds of processor time that all processes together have used so far, on all cores. */
export function machineSeconds(): number {
  const used = cpus().map(({ times: { user, nice, sys, irq } }) => user + nice + sys + irq)
  return used.reduce((sum, milliseconds) => sum + milliseconds, 0) / 1000
}

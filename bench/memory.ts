// What a process has of memory. Linux only; NaN elsewhere.

import { readFileSync } from 'node:fs'

const MIB = 1024 ** 2

/** MiB that a process holds now, and that it has held at its most. */
export function memoryOf(pid: number): { nowMiB: number; mostMiB: number } {
  let status = ''
  try {
    status = readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    // Another system.
  }
  const mebibytes = (field: string) => (Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024) / MIB
  return { nowMiB: mebibytes('VmRSS'), mostMiB: mebibytes('VmHWM') }
}

// A part of a long command (the benchmark, the torture) is a script in a process group and an empty directory of its own,
// with a time that it may take: what it starts ends with it, and what it fills is removed.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** How long a part that is told to end may clean up. */
const CLEAN_UP_MS = 5000

/**
 * Runs the script `path` with the directory and `flags` as its arguments. Resolves with the message that it sent, or
 * undefined where it failed, or took longer than `seconds`.
 */
export async function runScript(path: string, flags: readonly string[], seconds: number): Promise<unknown> {
  const directory = mkdtempSync(join(tmpdir(), 'understudy-part-'))
  const child = fork(path, [directory, ...flags], { serialization: 'advanced', detached: true })
  let message: unknown
  let interrupted = false
  child.on('message', sent => {
    message = sent
  })
  const end = () => endGroup(child.pid, 'SIGTERM')
  const interrupt = () => {
    interrupted = true
    end()
  }
  const timers = [
    setTimeout(end, seconds * 1000),
    setTimeout(() => endGroup(child.pid, 'SIGKILL'), seconds * 1000 + CLEAN_UP_MS),
  ]
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt)
  await once(child, 'exit')
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  for (const timer of timers) clearTimeout(timer)
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
  if (interrupted) process.exit(1)
  return message
}

function endGroup(pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // It has ended by itself.
  }
}

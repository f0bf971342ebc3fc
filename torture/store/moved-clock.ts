// The clock of a server process, moved while it runs: a module that is loaded before the server's own says another time,
// so far from the machine's as a file says at each signal.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Server } from '../server.ts'

const MODULE = `
  const { readFileSync } = process.getBuiltinModule('node:fs')
  const Real = Date
  let by = 0
  globalThis.Date = class extends Real {
    constructor(...given) { given.length > 0 ? super(...given) : super(Real.now() + by) }
    static now() { return Real.now() + by }
  }
  process.on('SIGUSR2', () => { by = Number(readFileSync(process.env.MOVED_CLOCK, 'utf8')) })`

export interface MovedClock {
  /** For the server's environment. */
  env: NodeJS.ProcessEnv
  /** Sets the server's clock so far from the machine's. */
  set(server: Server, byMs: number): void
}

export function movedClock(directory: string): MovedClock {
  const file = join(directory, 'clock')
  writeFileSync(file, '0')
  return {
    env: { MOVED_CLOCK: file, NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(MODULE)}` },
    set({ pid }, byMs) {
      writeFileSync(file, String(byMs))
      process.kill(pid, 'SIGUSR2')
    },
  }
}

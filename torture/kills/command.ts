// Commands of the command line as processes that may be killed.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { defaultSettings } from '../../bench/server-process.ts'

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url))

export interface Ended {
  /** Null where it was killed. */
  code: number | null
  output: string
  ms: number
}

/** Runs a command to its end, or kills it after `killAfterMs`. */
export async function command(argv: string[], env: NodeJS.ProcessEnv, killAfterMs?: number): Promise<Ended> {
  const startedAt = performance.now()
  const child = spawn(process.execPath, [MAIN, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...defaultSettings(), ...env },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', piece => (output += piece))
  const kill = () => void child.kill('SIGKILL')
  process.on('exit', kill)
  const timer = killAfterMs === undefined ? undefined : setTimeout(kill, killAfterMs)
  const [code] = await once(child, 'close')
  clearTimeout(timer)
  process.off('exit', kill)
  return { code, output, ms: performance.now() - startedAt }
}

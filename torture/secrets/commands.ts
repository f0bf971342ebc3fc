// The command line, and all that it prints. Every command but `env`, which is there to print secrets.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { defaultSettings } from '../../bench/server-process.ts'
import type { Place } from './leaks.ts'

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url))

export interface Attempt {
  argv: readonly string[]
  /** Settings beside those of all. */
  env?: NodeJS.ProcessEnv
  /** The exit code that is expected: 0, unless it is said. */
  code?: number
}

/** Runs a command to its end. Its output is a place to search. Throws where it ends otherwise than expected. */
export async function command({ argv, code = 0, ...rest }: Attempt, all: NodeJS.ProcessEnv): Promise<Place> {
  const child = spawn(process.execPath, [MAIN, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...defaultSettings(), ...all, ...rest.env },
  })
  const [stdout, stderr, [ended]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  const name = `understudy ${argv.slice(0, 2).join(' ')}`
  if (ended !== code) throw new Error(`${name} ended with ${ended}, and not with ${code}: ${stdout}${stderr}`)
  return { name, bytes: Buffer.from(stdout + stderr) }
}

// The command line, and all that it prints. Every command but `env`, which is there to print secrets.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { defaultSettings } from '../../bench/server-process.ts'
import type { Place } from './leaks.ts'

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url))

/** Runs a command to its end, whatever that is. Its output is a place to search. */
export async function command(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<Place & { code: number }> {
  const child = spawn(process.execPath, [MAIN, ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...defaultSettings(), ...env },
  })
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { name: `understudy ${argv.slice(0, 2).join(' ')}`, bytes: Buffer.from(stdout + stderr), code }
}

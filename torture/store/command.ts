// The command line, run to its end.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { defaultSettings } from '../../bench/server-process.ts'

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url))
const TIMEOUT_MS = 120_000

/** Its exit code, and what it said on stderr. `through` is a command with its arguments that runs ours. */
export function runCommand(
  argv: readonly string[],
  { env = {}, through = [] }: { env?: NodeJS.ProcessEnv; through?: readonly string[] } = {},
): Promise<{ code: number; said: string; printed: string }> {
  const [command = '', ...rest] = [...through, process.execPath, MAIN, ...argv]
  return new Promise(resolve => {
    const options = { env: { ...defaultSettings(), ...env }, timeout: TIMEOUT_MS, killSignal: 'SIGKILL' as const }
    execFile(command, rest, options, (error, printed, said) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      resolve({ code, said, printed })
    })
  })
}

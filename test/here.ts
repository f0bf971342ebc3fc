// The command line in this process: what a command prints and how it ends, without the start that a process costs. What
// is about processes (signals, several at once, a server that runs) is in process.ts.

import { AsyncLocalStorage } from 'node:async_hooks'
import { run } from '../src/cli/index.ts'
import type { Finished } from './process.ts'

const printed = new AsyncLocalStorage<{ stdout: string; stderr: string }>()

// For good: whatever no command prints, as what the runner reports, passes.
for (const name of ['stdout', 'stderr'] as const) {
  const stream = process[name]
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean
  stream.write = (...args: unknown[]) => {
    const output = printed.getStore()
    if (!output) return write(...args)
    output[name] += String(args[0])
    return true
  }
}

/** One after the other: there is one environment, and one working directory. */
let last: Promise<unknown> = Promise.resolve()

/** As `run` of process.ts: to its end, with an environment that holds nothing but `env`. */
export function runHere(argv: string[], env: NodeJS.ProcessEnv = {}, cwd = process.cwd()): Promise<Finished> {
  const finished = last.then(() => perform(argv, env, cwd))
  last = finished.catch(() => {})
  return finished
}

async function perform(argv: string[], env: NodeJS.ProcessEnv, cwd: string): Promise<Finished> {
  const output = { stdout: '', stderr: '' }
  const [ownEnv, ownDirectory] = [process.env, process.cwd()]
  process.env = { ...env }
  process.chdir(cwd)
  try {
    const code = await printed.run(output, () => run(argv))
    return { code, ...output }
  } finally {
    process.env = ownEnv
    process.chdir(ownDirectory)
  }
}

// The command line as people run it: real processes, on directories that go when the test file ends.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url))
const TIMEOUT_MS = 120_000

export interface Finished {
  /** null when a signal ended it. */
  code: number | null
  stdout: string
  stderr: string
}

export interface ServerProcess {
  url: string
  /** All that it printed at its start. */
  banner: string
  /** The commands that the banner offers to try. */
  curls: string[]
  /** Resolves once a log line fits. */
  logged(pattern: RegExp): Promise<void>
  /** Sends a signal and waits for the end. */
  end(signal: NodeJS.Signals): Promise<Finished>
  kill(signal: NodeJS.Signals): void
  finished: Promise<Finished>
}

const running = new Set<ChildProcess>()
const directories: string[] = []
// Not a hook of the runner's: those are for files that have tests, on this engine too.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
  for (const directory of directories) rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
})

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'understudy-'))
  directories.push(directory)
  return directory
}

/** Writes a file for one test, and gives its path. */
export function fileWith(name: string, text: string): string {
  const path = join(temporaryDirectory(), name)
  writeFileSync(path, text)
  return path
}

/** Runs a command to its end. The environment holds nothing but `env`. */
export function run(argv: string[], env: NodeJS.ProcessEnv = {}, cwd?: string): Promise<Finished> {
  return start(argv, env, cwd).finished
}

/** Starts a command that is to be interrupted. */
export function begin(
  argv: string[],
  env: NodeJS.ProcessEnv = {},
): { finished: Promise<Finished>; kill(signal: NodeJS.Signals): void } {
  const { child, finished } = start(argv, env, undefined)
  return { finished, kill: signal => void child.kill(signal) }
}

/** Starts a server on any free port, and waits for its banner. Rejects, with what it said, when it ends before. */
export async function serve(argv: string[], env: NodeJS.ProcessEnv = {}, cwd?: string): Promise<ServerProcess> {
  const { child, output, finished } = start(['serve', '--port', '0', ...argv], env, cwd)
  const until = (stream: 'stdout' | 'stderr', pattern: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (pattern.test(output[stream])) resolve()
      }
      child[stream]?.on('data', look)
      look()
      finished.then(({ code, stderr }) => reject(new Error(`the server ended with ${code}: ${stderr}`)), reject)
    })
  // The banner is one write, and this its last section.
  await until('stdout', /^Control API\n.*\n(?: {2}try .*\n)?$/m)
  const banner = output.stdout
  return {
    url: /^Understudy listens on (\S+)$/m.exec(banner)?.[1] ?? '',
    banner,
    curls: [...banner.matchAll(/^ {2}try +(.+)$/gm)].map(([, command = '']) => command),
    logged: pattern => until('stderr', pattern),
    end(signal) {
      child.kill(signal)
      return finished
    },
    kill: signal => void child.kill(signal),
    finished,
  }
}

/** Runs a shell command, and gives what it printed. */
export async function shell(command: string): Promise<string> {
  const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'inherit'] })
  const { code, stdout } = await watch(child).finished
  assert.equal(code, 0, command)
  return stdout
}

/** Runs a command that is not to reach its end: `child` can be killed. */
export function start(argv: string[], env: NodeJS.ProcessEnv = {}, cwd?: string) {
  const child = spawn(process.execPath, [MAIN, ...argv], { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  return { child, ...watch(child) }
}

function watch(child: ChildProcess) {
  const output = { stdout: '', stderr: '' }
  child.stdout?.on('data', chunk => (output.stdout += chunk))
  child.stderr?.on('data', chunk => (output.stderr += chunk))
  running.add(child)
  const finished = new Promise<Finished>((resolve, reject) => {
    // A process that hangs fails its test, with what it said.
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`not finished after ${TIMEOUT_MS} ms: ${output.stdout}${output.stderr}`))
    }, TIMEOUT_MS)
    child.on('error', reject)
    child.on('close', code => {
      clearTimeout(timer)
      running.delete(child)
      resolve({ code, ...output })
    })
  })
  return { output, finished }
}

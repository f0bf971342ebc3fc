// The server under torture: a process as an operator runs it, and all that it says.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { defaultSettings, NODE_FLAGS } from '../bench/server-process.ts'

const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url))
const START_MS = 60_000
const STOP_MS = 30_000

export interface Server {
  url: string
  pid: number
  /** All that it has said so far: banner and log. */
  said(): string
  /** The lines of its log so far. */
  log(): Record<string, unknown>[]
  /** Whether it still runs. */
  isUp(): boolean
  /**
   * Ends it, and resolves with the exit code, null where a signal ended it. One that does not end within half a minute is
   * killed, and that rejects.
   */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<number | null>
}

export interface ServerOptions {
  /** Settings beside the defaults: UNDERSTUDY_… */
  env?: NodeJS.ProcessEnv
  /** Arguments of `serve`, `--seed FILE` for one. */
  flags?: readonly string[]
  /** A free one, unless it is said. */
  port?: number
  /** A command and its arguments that run ours: faketime and the like. */
  through?: readonly string[]
}

/** Starts `understudy serve` on a store, a data directory or a URL. Rejects, with what it said, when it ends before. */
export async function startServer(data: string, options: ServerOptions = {}): Promise<Server> {
  const { env = {}, flags = [], port = 0, through = [] } = options
  const serve = [process.execPath, ...NODE_FLAGS, MAIN, 'serve', '--data', data, '--port', String(port), ...flags]
  const [command = '', ...rest] = [...through, ...serve]
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...defaultSettings(), ...env } })
  const pieces: { stdout: string[]; stderr: string[] } = { stdout: [], stderr: [] }
  child.stdout.setEncoding('utf8').on('data', (text: string) => pieces.stdout.push(text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => pieces.stderr.push(text))
  const ended = once(child, 'close')
  const endWithUs = () => void child.kill('SIGKILL')
  process.on('exit', endWithUs)
  ended.then(() => process.off('exit', endWithUs)).catch(() => {})
  const said = () => [...pieces.stdout, ...pieces.stderr].join('')
  const timer = setTimeout(endWithUs, START_MS)
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', () => {
      const found = /^Understudy listens on (\S+)$/m.exec(pieces.stdout.join(''))?.[1]
      if (found !== undefined) resolve(found)
    })
    ended.then(([code]) => reject(new Error(`the server ended with ${code}: ${said()}`)), reject)
  }).finally(() => clearTimeout(timer))
  return {
    url,
    pid: child.pid ?? 0,
    said,
    log: () =>
      pieces.stderr
        .join('')
        .split('\n')
        // The last may still be on its way.
        .slice(0, -1)
        .filter(line => line.startsWith('{'))
        .map(line => JSON.parse(line)),
    isUp: () => child.exitCode === null && child.signalCode === null,
    async stop(signal = 'SIGTERM') {
      const late = setTimeout(endWithUs, STOP_MS)
      child.kill(signal)
      const [code, endedBy] = await ended
      clearTimeout(late)
      if (signal === 'SIGTERM' && endedBy === 'SIGKILL') throw new Error(`it did not stop within ${STOP_MS} ms`)
      return code
    },
  }
}

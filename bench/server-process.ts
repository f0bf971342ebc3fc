// A server as a process of its own, as an operator runs it: default settings, the log sent to nowhere.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { pinned, SERVER_CORE } from './cores.ts'

/** As in `npm start`, and for whoever it is compared with. */
export const NODE_FLAGS = ['--max-semi-space-size=8']

export interface ServerProcess {
  pid: number
  url: string
  /** Ends it as an operator does; `SIGKILL`: as a power cut would, but for the disk. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
}

export interface ProcessOptions {
  /** On one core alone, or on all there are. One core, which all servers share, unless it is said. */
  cores?: 'one' | 'all'
  /** The server's settings beside the defaults: UNDERSTUDY_… */
  env?: Record<string, string>
  /** A free one, unless it is said. */
  port?: number
}

/** `understudy serve` on a store: a data directory or a URL. */
export function startUnderstudy(data: string, options: ProcessOptions = {}): Promise<ServerProcess> {
  return start(['../src/main.js', 'serve', '--data', data, '--port', String(options.port ?? 0)], options)
}

/** Runs a script of this folder's that prints a line with the URL it listens on. Rejects when it ends without one. */
export async function start(
  [script = '', ...flags]: string[],
  { cores = 'one', env = {} }: ProcessOptions = {},
): Promise<ServerProcess> {
  const path = fileURLToPath(new URL(script, import.meta.url))
  const line = [process.execPath, ...NODE_FLAGS, path, ...flags]
  const [command = '', ...rest] = pinned(cores === 'one' ? SERVER_CORE : 'all', line)
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'ignore'], env: { ...defaultSettings(), ...env } })
  const ended = once(child, 'exit')
  const endWithUs = () => child.kill('SIGKILL')
  process.on('exit', endWithUs)
  const url = await Promise.race([firstUrl(child.stdout), ended.then(() => undefined)])
  if (url === undefined || child.pid === undefined) throw new Error(`${script} did not start`)
  child.stdout.resume()
  return {
    pid: child.pid,
    url,
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      await ended
      process.off('exit', endWithUs)
    },
  }
}

async function firstUrl(output: NodeJS.ReadableStream): Promise<string | undefined> {
  for await (const line of createInterface(output)) {
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0]
    if (url !== undefined) return url
  }
  return undefined
}

/** This process's environment without what would change the server's settings. */
export function defaultSettings(): NodeJS.ProcessEnv {
  const ours = /^(UNDERSTUDY_|DATABASE_URL$|NODE_OPTIONS$|NODE_COMPILE_CACHE$)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)))
}

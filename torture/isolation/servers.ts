// Real servers with the world in them: one on SQLite, or two nodes on one PostgreSQL.

import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Random } from '../random.ts'
import { type Server, startServer } from '../server.ts'
import type { Host } from './host.ts'
import { overSockets } from './wire.ts'
import type { World } from './world.ts'

/** Every tenant's people have addresses of their own; hashing is not what is tortured here. */
const CONFIG = { trustProxy: true, passwords: { memoryKiB: 8, passes: 1 } }

export interface Hosted extends Host {
  stop(): Promise<void>
}

/** `stores` names the store of each node, data directory or URL; the first one takes the seed. */
export async function startHosts(directory: string, stores: string[], world: World, random: Random): Promise<Hosted> {
  mkdirSync(directory, { recursive: true })
  const [seed, config] = [join(directory, 'seed.json'), join(directory, 'config.yaml')]
  writeFileSync(seed, world.seed)
  writeFileSync(config, JSON.stringify(CONFIG))
  const masterKey = randomBytes(32).toString('base64')
  const servers: Server[] = []
  for (const [index, store] of stores.entries()) {
    const env = {
      UNDERSTUDY_CONFIG: config,
      UNDERSTUDY_HOME: join(directory, `home-${index}`),
      UNDERSTUDY_MASTER_KEY: masterKey,
      UNDERSTUDY_LOG_LEVEL: 'debug',
    }
    servers.push(await startServer(store, { env, flags: index === 0 ? ['--seed', seed] : [] }))
  }
  const sockets = overSockets(
    servers.map(({ url }) => url),
    random,
  )
  return {
    send: sockets.send,
    now: () => Date.now(),
    pass: ms => pause(ms),
    settle: async () => {},
    log: () => servers.flatMap(server => server.log().map(line => JSON.stringify(line))),
    async stop() {
      sockets.close()
      for (const server of servers) await server.stop()
    },
  }
}

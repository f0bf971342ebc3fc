// The server as one process, or as two on one database, whose clocks jump when they are told to.

import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { exchange } from '../http.ts'
import { type Server, startServer } from '../server.ts'
import type { Answer, Request, Send } from './tenants.ts'

const CLOCK = new URL('./jumping-clock.ts', import.meta.url).href
/** Until a signal is sure to have been taken. */
const SIGNAL_MS = 200

export interface Nodes {
  servers: Server[]
  /** The settings of each, for other commands on its store. */
  env: NodeJS.ProcessEnv
  /** Each request to the next node. */
  send: Send
  /** What the nodes' clocks say. */
  now(): number
  jump(ms: number): Promise<void>
  stop(): Promise<void>
}

export interface Start {
  /** A data directory, or a PostgreSQL's URL. */
  data: string
  nodes: number
  directory: string
  seed: string
  smtp: { url: string; from: string }
}

export async function startNodes({ data, nodes, directory, seed, smtp }: Start): Promise<Nodes> {
  const [seedFile, clockFile] = [join(directory, 'seed.json'), join(directory, 'clock')]
  writeFileSync(seedFile, seed)
  let aheadMs = 0
  writeFileSync(clockFile, '0')
  const env = {
    NODE_OPTIONS: `--import=${CLOCK}`,
    TORTURE_CLOCK_FILE: clockFile,
    UNDERSTUDY_MASTER_KEY: randomBytes(32).toString('base64'),
    UNDERSTUDY_SMTP_URL: smtp.url,
    UNDERSTUDY_SMTP_FROM: smtp.from,
  }
  const servers: Server[] = []
  for (let node = 0; node < nodes; node++) {
    const own = { UNDERSTUDY_HOME: join(directory, `home-${node}`) }
    servers.push(await startServer(data, { env: { ...env, ...own }, flags: node === 0 ? ['--seed', seedFile] : [] }))
  }
  const agent = new Agent({ keepAlive: true, maxSockets: 16 })
  let sent = 0
  return {
    servers,
    env: { ...env, NODE_OPTIONS: '', UNDERSTUDY_HOME: join(directory, 'home-0') },
    send: request => ask(agent, servers[sent++ % servers.length]?.url ?? '', request),
    now: () => Date.now() + aheadMs,
    async jump(ms) {
      aheadMs += ms
      writeFileSync(clockFile, String(aheadMs))
      for (const { pid } of servers) process.kill(pid, 'SIGUSR2')
      await setTimeout(SIGNAL_MS)
    },
    async stop() {
      agent.destroy()
      for (const server of servers) await server.stop()
    },
  }
}

async function ask(agent: Agent, url: string, { method, path, headers, body }: Request): Promise<Answer> {
  const text = body && JSON.stringify(body)
  const described = text === undefined ? headers : { ...headers, 'content-type': 'application/json' }
  const { status, text: answer } = await exchange(agent, url, { method, path, headers: described, body: text })
  return { status, body: parsed(answer) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text || 'null')
  } catch {
    return text
  }
}

// A server under load whose store gets into trouble, and what it says of that.

import { setTimeout } from 'node:timers/promises'
import type { Findings } from '../findings.ts'
import type { Random } from '../random.ts'
import { type Server, type ServerOptions, startServer } from '../server.ts'
import { type Client, jsonOf, openClient } from './client.ts'
import { type Change, Load } from './load.ts'

const PATIENCE_MS = 30_000
const POLL_MS = 50
/** Lines about all the troubles of one server, whatever the number of requests that met them: some few each. */
const LINES_MAX = 100
/** Told each time, for it is about one request or one webhook. */
const EACH = /^(trap:|webhook not delivered)/

export interface Surroundings {
  findings: Findings
  random: Random
  quick: boolean
}

export interface Scene {
  load: Load
  client: Client
  /** The one that runs now. */
  server(): Server
  /**
   * Waits until `/ready` is 200, or 503 with a reason like this, which the log has to say too since it was 200; a promise
   * that it never does is broken.
   */
  ready(promise: string, reason?: RegExp, tells?: (line: Record<string, unknown>) => boolean): Promise<void>
  /** Ends the server and starts another one on the store. */
  restart(signal: 'SIGTERM' | 'SIGKILL', between?: () => Promise<void>): Promise<void>
  /** Ends load and server; exit code 0 is expected. */
  end(): Promise<void>
  /** Where a scenario broke off, nothing of it goes on. */
  [Symbol.asyncDispose](): Promise<void>
}

export async function startScene(
  { findings, random, quick }: Surroundings,
  data: string,
  options: ServerOptions,
  former?: readonly Change[],
): Promise<Scene> {
  const client = openClient()
  let server = await startServer(data, options)
  const parts = { client, findings, random: random.fork(), workers: quick ? 3 : 8 }
  const load = new Load(() => server.url, parts, former)
  /** So many lines its log had when all was well. */
  let before = 0
  const stop = async (signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM') => {
    checkLog(findings, server)
    const code = await server.stop(signal)
    if (signal === 'SIGTERM' && code !== 0)
      findings.fail(`a server that is told to stop ends with 0, and it was ${code}`)
  }
  return {
    load,
    client,
    server: () => server,
    async ready(promise, reason, tells = isOfStore) {
      const fits = async () => {
        const answer = await client.ask(server.url, { path: '/ready' })
        if (reason === undefined) return answer?.status === 200
        const told = jsonOf(answer) as { reason?: string } | undefined
        return answer?.status === 503 && reason.test(told?.reason ?? '')
      }
      if (!(await comesAbout(fits)))
        findings.fail(`${promise}: ${(await client.ask(server.url, { path: '/ready' }))?.text}`)
      const isLogged = () =>
        server
          .log()
          .slice(before)
          .some(line => tells(line) && reason?.test(JSON.stringify(line)))
      if (reason === undefined) before = server.log().length
      else if (!(await comesAbout(isLogged)))
        findings.fail(`${promise}, and in the log, which says nothing of ${reason}`)
    },
    async restart(signal, between) {
      load.mayEnd = true
      await stop(signal)
      await between?.()
      server = await startServer(data, options)
      before = 0
      load.mayEnd = false
    },
    async end() {
      await load.stop()
      await stop()
      client.close()
    },
    async [Symbol.asyncDispose]() {
      load.mayEnd = true
      if (server.isUp()) await server.stop('SIGKILL')
      await load.stop()
      client.close()
    },
  }
}

/** Whether it comes about within half a minute. */
export async function comesAbout(holds: () => Promise<boolean> | boolean): Promise<boolean> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; ) {
    if (await holds()) return true
    await setTimeout(POLL_MS)
  }
  return false
}

/** Of the store itself; that a job waits for it is only a warning. */
function isOfStore({ level }: Record<string, unknown>): boolean {
  return level === 'error' || level === 'fatal'
}

function isTrouble({ level, msg }: Record<string, unknown>): boolean {
  return /warn|error|fatal/.test(String(level)) && msg !== 'request' && !EACH.test(String(msg))
}

/** Beside one line a request, a trouble is told a few times, and no fault of ours is among it. */
function checkLog(findings: Findings, server: Server): void {
  const lines = server.log().filter(({ msg }) => msg !== 'request')
  const troubles = lines.filter(isTrouble)
  if (troubles.length > LINES_MAX) {
    findings.fail(`the log tells a trouble once a while, and did ${troubles.length} times: ${troubles[0]?.msg}`)
  }
  for (const line of lines.filter(({ msg }) => /uncaught|^job failed|^request failed/.test(String(msg)))) {
    findings.fail(
      `a store in trouble is no fault of the server's, and its log says: ${JSON.stringify(line).slice(0, 1500)}`,
    )
  }
}

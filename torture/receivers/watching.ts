// What must hold all the while: the server answers others, is ready, and stays within bounds; and what it says of it all.

import { setTimeout } from 'node:timers/promises'
import { memoryOf } from '../../bench/memory.ts'
import type { Findings } from '../findings.ts'
import type { Server } from '../server.ts'
import { MAIL_SECRETS } from './mailing.ts'
import { STRIPE_KEY } from './tenants.ts'
import { RECEIVERS_SECRET } from './ways.ts'

/** Of a request that has nothing to do with receivers, on a machine that others use too. */
const ANSWER_MAX_MS = 5000
const PAUSE_MS = 100
/** What /ready warns of while receivers fail. */
const CONCERNS = ['webhooks', 'mail']
/** Until what is counted and what is told agree. */
const LOOKS = 5
const MEMORY_MAX_MIB = 700
const NOT_DELIVERED = 'webhook not delivered'

/** Asks every node for something small, over and over, until it is stopped; by then they have warned of what failed. */
export function watch(servers: readonly Server[], findings: Findings): () => Promise<void> {
  let isOver = false
  const warned = new Set<string>()
  const watchOne = async ({ url }: Server) => {
    const answers = async (path: string) => {
      const startedAt = performance.now()
      const answer = await fetch(url + path, { headers: { 'as-api-key': 'as_mails_key' } })
      const { status } = answer
      const text = await answer.text()
      const ms = performance.now() - startedAt
      findings.count('requests of others meanwhile')
      if (status !== 200) findings.fail(`${path} was answered with ${status} while receivers failed`)
      if (ms > ANSWER_MAX_MS) findings.fail(`${path} took ${ms.toFixed(0)} ms while receivers failed`)
      return text
    }
    while (!isOver) {
      await answers('/admin/2022-01/memberships?limit=1')
      const said = await answers('/ready')
      for (const concern of CONCERNS) if (said.includes(`"${concern}: `)) warned.add(concern)
      await setTimeout(PAUSE_MS)
    }
  }
  const watching = Promise.all(servers.map(watchOne))
  // It is looked at when the watch ends.
  watching.catch(() => {})
  return async () => {
    if (isOver) return
    isOver = true
    await watching
    for (const concern of CONCERNS) if (!warned.has(concern)) findings.fail(`/ready did not warn of ${concern}`)
  }
}

/** The log has a line for each failed attempt, no other trouble, and no secret; the metrics count as many. */
export async function judgeWords(
  servers: readonly Server[],
  countFailures: () => Promise<number>,
  findings: Findings,
): Promise<void> {
  let failedAttempts = -1
  // A line is written after what it tells of, and a job may just have made another delivery.
  for (let look = 0; look < LOOKS && !agree(servers, failedAttempts); look++) {
    if (look > 0) await setTimeout(PAUSE_MS)
    failedAttempts = await countFailures()
  }
  const lines = servers.flatMap(server => server.log())
  const told = failuresTold(servers)
  if (told.length !== failedAttempts) {
    findings.fail(`${failedAttempts} attempts failed, and the log has ${told.length} lines of them`)
  }
  if (told.some(({ reason, endpoint }) => !reason || !endpoint))
    findings.fail('a line of a failed attempt says not why')
  for (const line of lines.filter(({ level }) => level === 'error' || level === 'fatal')) {
    findings.fail(`the log has ${JSON.stringify(line)}`)
  }
  const said = servers.map(server => server.said()).join('\n')
  for (const secret of [RECEIVERS_SECRET, STRIPE_KEY, ...MAIL_SECRETS]) {
    const [found] = said.match(secret) ?? []
    if (found !== undefined) findings.fail(`the log has ${found}`)
  }
  let counted = 0
  for (const { url } of servers) counted += failuresIn(await (await fetch(`${url}/metrics`)).text())
  if (counted !== failedAttempts) {
    findings.fail(`${failedAttempts} attempts failed, and the metrics count ${counted}`)
  }
  findings.count('lines of the log', lines.length)
}

export function judgeMemory(servers: readonly Server[], findings: Findings): void {
  for (const { pid } of servers) {
    const { mostMiB } = memoryOf(pid)
    if (mostMiB > MEMORY_MAX_MIB) findings.fail(`a node held ${mostMiB.toFixed(0)} MiB`)
  }
}

function agree(servers: readonly Server[], failedAttempts: number): boolean {
  return failuresTold(servers).length === failedAttempts
}

function failuresTold(servers: readonly Server[]): Record<string, unknown>[] {
  return servers.flatMap(server => server.log()).filter(({ msg }) => msg === NOT_DELIVERED)
}

function failuresIn(metrics: string): number {
  const failed = /^understudy_send_attempts_total\{kind="webhook",.*outcome="(?:failed|given_up)"\} (\d+)$/gm
  return [...metrics.matchAll(failed)].reduce((sum, [, count]) => sum + Number(count), 0)
}

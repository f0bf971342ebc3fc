// What must hold of the deliveries of every acknowledged change: by the server's own account, and the receivers'.

import type { Findings } from '../findings.ts'
import type { Hostile } from './hostile.ts'
import { type Attempt, attemptsOf, bodyOf, type Delivery, deliveriesOf, endpointsOf } from './reading.ts'
import { type Change, type Send, TENANTS, type Tenant } from './tenants.ts'
import type { Way } from './ways.ts'

export interface Receiver {
  name: string
  /** Undefined: its port refuses until it recovers. */
  way: Way | undefined
  hostile: Hostile
  tenant: Tenant
  /** Whether it is well in the end. */
  recovers: boolean
}

interface Judged extends Delivery {
  body: string
  made: Attempt[]
}

/** The events that the changes make. */
const MADE = ['membership.created', 'user.created', 'member.created', 'member.updated']
/** A pause counts from the end of the attempt before; both ends are noted by the millisecond. */
const CLOCK_SLACK_MS = 2
export const LOST = 'acknowledged changes lost'
export const TWICE = 'messages sent again after they were recorded as taken'

/** Judges every delivery of a tenant's acknowledged changes. */
export async function judge(
  send: Send,
  tenant: Tenant,
  receivers: readonly Receiver[],
  changes: readonly Change[],
  findings: Findings,
): Promise<void> {
  findings.count(LOST, 0)
  findings.count(TWICE, 0)
  const endpoints = new Map((await endpointsOf(send, tenant)).map(endpoint => [endpoint.url, endpoint]))
  const deliveries = Map.groupBy(await made(send, tenant), ({ endpointId }) => endpointId)
  for (const receiver of receivers.filter(candidate => candidate.tenant === tenant)) {
    const endpoint = endpoints.get(receiver.hostile.url)
    const [stray] = receiver.hostile.strayed
    if (stray !== undefined) findings.fail(`'${receiver.name}' sent us on to ${stray}, and the server went there`)
    for (const { mark } of changes.filter(change => change.tenant === tenant)) {
      const found = (deliveries.get(endpoint?.id ?? '') ?? []).filter(({ body }) => body.includes(`"${mark}"`))
      const [delivery] = found
      if (!delivery) findings.count(LOST)
      if (!delivery || found.length > 1) {
        findings.fail(`${found.length} deliveries of ${mark} to '${receiver.name}' (${tenant}), not one`)
      } else {
        judgeAttempts(receiver, delivery, findings)
        judgeEnd(receiver, delivery, endpoint?.isDisabled === true, findings)
      }
    }
  }
}

/** No more attempts than promised, no sooner, and none after one that was taken. */
function judgeAttempts({ name, tenant, hostile }: Receiver, delivery: Judged, findings: Findings): void {
  const { retryAfterS } = TENANTS[tenant]
  const { id, body, made: attempts } = delivery
  const what = `delivery ${id} (${tenant}) to '${name}'`
  const got = hostile.got.get(body) ?? 0
  findings.count('attempts', attempts.length)
  findings.count('repeats that a receiver got', Math.max(0, got - 1))
  if (got > attempts.length) findings.fail(`${what} came ${got} times, and ${attempts.length} attempts are recorded`)
  if (attempts.length > retryAfterS.length + 1) findings.fail(`${what} was tried ${attempts.length} times`)
  const firstTaken = attempts.findIndex(({ error }) => error === null)
  if (firstTaken >= 0 && firstTaken < attempts.length - 1) {
    findings.count(TWICE)
    findings.fail(
      `${what} was sent again after it was taken: ${attempts.map(({ error }) => error ?? 'taken').join('; ')}`,
    )
  }
  for (const [index, { startedAt }] of attempts.slice(1).entries()) {
    const pauseMs = Date.parse(startedAt) - Date.parse(attempts[index]?.startedAt ?? '')
    if (pauseMs + CLOCK_SLACK_MS >= (retryAfterS[index] ?? 0) * 1000) continue
    findings.fail(`${what}: attempt ${index + 2} began ${pauseMs} ms after the one before`)
  }
}

/** Taken where the receiver ever took it; else given up, with the reason. */
function judgeEnd(receiver: Receiver, delivery: Judged, isDisabled: boolean, findings: Findings): void {
  const { name, way, tenant, hostile, recovers } = receiver
  const { id, status, body, made: attempts } = delivery
  const what = `delivery ${id} (${tenant}) to '${name}'`
  const ended = `is ${status} after ${attempts.length} attempts, the last of which: ${attempts.at(-1)?.error ?? 'taken'}`
  if (way?.taken === true || recovers) {
    findings.count('deliveries that arrived')
    if (status !== 'completed' || !hostile.got.has(body)) {
      findings.count(LOST)
      findings.fail(`${what} ${ended}`)
    } else if ((way?.taken ?? false) !== (attempts.length === 1)) {
      findings.fail(`${what} ${ended}; the first: ${attempts[0]?.error ?? 'taken'}`)
    }
    return
  }
  const all = TENANTS[tenant].retryAfterS.length + 1
  const isGivenUp = status === 'failed' && attempts.length === all
  // Where the endpoint was disabled by another delivery's end, this one waits for whoever enables it.
  const waits = isDisabled && status === 'retrying'
  findings.count(waits ? 'deliveries that wait at a disabled endpoint' : 'deliveries given up, with the reason')
  if (!(isGivenUp || waits) || attempts.some(({ error }) => !error)) findings.fail(`${what} ${ended}`)
}

async function made(send: Send, tenant: Tenant): Promise<Judged[]> {
  const judged: Judged[] = []
  for (const delivery of await deliveriesOf(send, tenant)) {
    if (!MADE.includes(delivery.eventType)) continue
    const body = await bodyOf(send, tenant, delivery.id)
    judged.push({ ...delivery, body, made: await attemptsOf(send, tenant, delivery.id) })
  }
  return judged
}

// Requests that come when they come, whether or not the ones before are answered: by a schedule that chance makes (a
// Poisson process). Each one's time counts from when it was to be sent, so that a stall shows in all whom it kept waiting,
// and not only in those who happened to be under way.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../random.ts'
import type { Clients } from './clients.ts'
import type { Exchange } from './exchange.ts'
import type { Series } from './series.ts'

/** How many seconds of requests may wait for a connection: then the server is far behind, and the rest is not sent. */
const WAITING_MAX_S = 5
/** With so many failures there is nothing more to learn. */
const FAILURES_MAX = 1000
const MEMORY_EVERY_MS = 1000
const TICK_MS = 1

type Sender = Pick<Clients, 'waiting' | 'send'>

export interface OpenLoop {
  perSecond: number
  seconds: number
  random: Random
  next(): Exchange
  series: Series
  /** MiB that the server holds. */
  memory(): number
  fail(error: Error): void
}

/** Returns how many requests there were, answered or not. */
export async function openLoop(
  sender: Sender,
  { perSecond, seconds, random, next, series, memory, fail }: OpenLoop,
): Promise<number> {
  const waitingMax = perSecond * WAITING_MAX_S
  const startedAt = performance.now()
  const underWay = new Set<Promise<void>>()
  let failures = 0
  const failed = (error: Error) => {
    failures++
    series.failed(performance.now() - startedAt)
    fail(error)
  }
  const send = (dueMs: number) => {
    if (sender.waiting >= waitingMax) return failed(new Error(`not sent: ${sender.waiting} requests wait already`))
    const sent: Promise<void> = sender
      .send(next())
      .then(() => {
        const nowMs = performance.now() - startedAt
        series.answered(nowMs, nowMs - dueMs)
      }, failed)
      .finally(() => underWay.delete(sent))
    underWay.add(sent)
  }
  const timer = setInterval(() => series.held(performance.now() - startedAt, memory()), MEMORY_EVERY_MS)
  let offered = 0
  let dueMs = pauseMs(random, perSecond)
  while (dueMs < seconds * 1000 && failures < FAILURES_MAX) {
    for (const nowMs = performance.now() - startedAt; dueMs <= nowMs && dueMs < seconds * 1000; offered++) {
      send(dueMs)
      dueMs += pauseMs(random, perSecond)
    }
    await sleep(TICK_MS)
  }
  await Promise.all(underWay)
  clearInterval(timer)
  return offered
}

function pauseMs(random: Random, perSecond: number): number {
  return (-Math.log(1 - random.next()) * 1000) / perSecond
}

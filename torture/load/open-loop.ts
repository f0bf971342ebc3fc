// Requests that come when they come, whether or not the ones before are answered: by a schedule that chance makes (a
// Poisson process). Each one's time counts from when it was to be sent, so that a stall shows in all whom it kept waiting,
// and not only in those who happened to be under way. The schedule is in the time that the host gives the server: where it
// takes a fifth, a fifth less arrives.

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
  /** While the host gives the server its whole core. */
  perSecond: number
  seconds: number
  /** The share of its core that the server has now, from 0 to 1. */
  given(): number
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
  { perSecond, seconds, given, random, next, series, memory, fail }: OpenLoop,
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
    series.offered(dueMs)
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
  let untilMs = 0
  // Of the time that the host gives.
  let pause = pauseMs(random, perSecond)
  while (untilMs < seconds * 1000 && failures < FAILURES_MAX) {
    const nowMs = Math.min(performance.now() - startedAt, seconds * 1000)
    const share = given()
    for (; untilMs + pause / share <= nowMs; offered++) {
      untilMs += pause / share
      send(untilMs)
      pause = pauseMs(random, perSecond)
    }
    pause -= (nowMs - untilMs) * share
    untilMs = nowMs
    await sleep(TICK_MS)
  }
  await Promise.all(underWay)
  clearInterval(timer)
  return offered
}

function pauseMs(random: Random, perSecond: number): number {
  return (-Math.log(1 - random.next()) * 1000) / perSecond
}

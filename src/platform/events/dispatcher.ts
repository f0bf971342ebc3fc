// Sends what is due, many at a time, none too many at once: a receiver that hangs costs its own places, not others'.

import { setImmediate } from 'node:timers/promises'
import type { Context } from '../context.ts'
import type { Lookup } from '../outbound/post.ts'
import { attempt } from './attempting.ts'
import { type Claimed, claimDue } from './claims.ts'

/** Requests in flight, all endpoints together. */
const IN_FLIGHT_MAX = 200
/** How often to look for what became due meanwhile, here or in another process. */
const POLL_MS = 1000

export class Dispatcher {
  readonly #lookup: Lookup
  readonly #attempts = new Set<Promise<void>>()
  /** Requests in flight by endpoint. */
  readonly #inFlight = new Map<string, number>()
  #running: Promise<void> | undefined
  /** Something may have become due since the last look. */
  #news = false
  #wake = () => {}

  constructor(lookup: Lookup) {
    this.#lookup = lookup
  }

  /**
   * Sends until nothing is due and nothing is under way. Once `stop` is aborted it starts nothing more and waits for
   * what is under way. A call during another's run joins that one.
   */
  run(ctx: Context, stop: AbortSignal): Promise<void> {
    this.#nudge()
    this.#running ??= this.#runUntilIdle(ctx, stop)
    return this.#running
  }

  async #runUntilIdle(ctx: Context, stop: AbortSignal): Promise<void> {
    const deafen = ctx.webhooks.queued.listen(() => this.#nudge())
    const poll = setInterval(() => this.#nudge(), POLL_MS).unref()
    try {
      do {
        // Replies leave first, and news that come together are looked at together.
        await setImmediate()
        this.#news = false
        if (!stop.aborted) await this.#startDue(ctx)
        if (this.#attempts.size > 0) await this.#untilNews()
      } while (this.#attempts.size > 0 || (this.#news && !stop.aborted))
    } catch (error) {
      await Promise.all(this.#attempts)
      throw error
    } finally {
      clearInterval(poll)
      deafen()
      this.#running = undefined
    }
  }

  async #startDue(ctx: Context): Promise<void> {
    const free = IN_FLIGHT_MAX - this.#attempts.size
    if (free === 0) return
    for (const claimed of await claimDue(ctx, this.#inFlight, free)) this.#start(ctx, claimed)
  }

  #start(ctx: Context, claimed: Claimed): void {
    const { id } = claimed.endpoint
    this.#count(id, 1)
    const turn = attempt(ctx, this.#lookup, claimed)
      .catch(error =>
        ctx.log.error({ delivery: claimed.delivery.id, err: error }, 'no outcome is written down; sent again later'),
      )
      .finally(() => {
        this.#attempts.delete(turn)
        this.#count(id, -1)
        this.#nudge()
      })
    this.#attempts.add(turn)
  }

  #count(endpointId: string, change: 1 | -1): void {
    const count = (this.#inFlight.get(endpointId) ?? 0) + change
    if (count === 0) this.#inFlight.delete(endpointId)
    else this.#inFlight.set(endpointId, count)
  }

  #nudge(): void {
    this.#news = true
    this.#wake()
  }

  #untilNews(): Promise<void> {
    if (this.#news) return Promise.resolve()
    return new Promise(resolve => {
      this.#wake = resolve
    })
  }
}

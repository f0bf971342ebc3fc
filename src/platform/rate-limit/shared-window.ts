// The fixed window, held in sum by all nodes that share a store. Of a large limit a node takes several places at a time
// and hands them out by itself, and a window that is full it remembers: so most requests cost no round trip.

import { DomainError } from '../errors.ts'
import type { Allowance, WindowLimits } from './fixed-window.ts'
import { Joint } from './joint.ts'
import { OpenWindows } from './open-windows.ts'
import { type Shared, SKEW_MS } from './shared.ts'

/** A node takes so much of a limit at a time, rounded down. */
const LEASE = 1 / 50
/** What a node does not hand out is lost to the others until the window ends: no lease in longer ones. */
const LEASED_WINDOW_MAX_MS = 60_000
/** After so long a full window is looked at again: another node may have given back. */
const FULL_MS = 1000

interface Row {
  used: number
  granted: number
  ends_at: number
}

/** What this node knows of a window. */
interface Held {
  endsAt: number
  limit: number
  /** Taken from the store, and not handed out yet. */
  places: number
  /** How many more the store had at `askedAt`. */
  left: number
  askedAt: number
}

/** What those get who asked together. */
interface Reserved {
  places: number
  /** What is left after them. */
  left: number
  endsAt: number
  now: number
}

const OPEN = `held.ends_at > $4 and held.ends_at <= excluded.ends_at + ${SKEW_MS}`
const GRANT = 'greatest(0, least($2, $3 - held.used))'

/** Key, how many are asked for, limit, now, length of the window. */
const TAKE = `
insert into rate_windows as held (key, used, granted, ends_at)
values ($1, least($2::bigint, $3::bigint), least($2, $3), $4::bigint + $5::bigint)
on conflict (key) do update set
  used = case when ${OPEN} then held.used + ${GRANT} else excluded.used end,
  granted = case when ${OPEN} then ${GRANT} else excluded.granted end,
  ends_at = case when ${OPEN} then held.ends_at else excluded.ends_at end
returning used, granted, ends_at`

const GIVE_BACK = 'update rate_windows set used = greatest(0, used - 1) where key = $1'

/**
 * Never allows more than the limit over all nodes. Limits below 100 are exact; of a larger one each node may keep up to a
 * fiftieth that nobody uses, and `remaining` counts what the others keep as taken.
 */
export class SharedWindows implements WindowLimits {
  readonly #shared: Shared
  readonly #windows = new OpenWindows<Held>(SKEW_MS)
  readonly #joint = new Joint<Reserved>()

  constructor(shared: Shared) {
    this.#shared = shared
  }

  take(key: string, limit: number, windowMs: number): Allowance | Promise<Allowance> {
    const now = this.#shared.clock.now()
    const held = this.#known(key, limit, windowMs, now)
    if (held && suffices(held, 1, now)) return allowanceOf(reserve(held, 1, now), 0, limit, windowMs)
    return this.#takeTogether(key, limit, windowMs)
  }

  /** Where the store does not answer, the place stays taken until the window ends. */
  giveBack(key: string): Promise<void> {
    return this.#joint.inTurn(key, async () => {
      const { run, idOf } = this.#shared
      try {
        await run(GIVE_BACK, [idOf(key)])
      } catch (error) {
        if (error instanceof DomainError && error.code === 'unavailable') return
        throw error
      }
      for (const held of this.#windows.ofKey(key)) held.left++
    })
  }

  async #takeTogether(key: string, limit: number, windowMs: number): Promise<Allowance> {
    const { answer, place } = await this.#joint.join(key, async wanted => {
      const now = this.#shared.clock.now()
      const known = this.#known(key, limit, windowMs, now)
      const held = known && suffices(known, wanted, now) ? known : await this.#ask(key, limit, windowMs, now, wanted)
      return reserve(held, wanted, now)
    })
    return allowanceOf(answer, place, limit, windowMs)
  }

  async #ask(key: string, limit: number, windowMs: number, now: number, wanted: number): Promise<Held> {
    const { run, idOf } = this.#shared
    const lease = windowMs > LEASED_WINDOW_MAX_MS ? 0 : Math.floor(limit * LEASE)
    const [row] = await run<Row>(TAKE, [idOf(key), Math.max(wanted, lease), limit, now, windowMs])
    if (!row) throw new Error('a limit was counted without an answer')
    const before = this.#known(key, limit, windowMs, now)
    const held: Held = {
      endsAt: row.ends_at,
      limit,
      places: row.granted + (before?.endsAt === row.ends_at ? before.places : 0),
      left: Math.max(0, limit - row.used),
      askedAt: now,
    }
    this.#windows.put(key, windowMs, now, held)
    return held
  }

  /** What was asked under another limit says nothing about this one. */
  #known(key: string, limit: number, windowMs: number, now: number): Held | undefined {
    const held = this.#windows.find(key, windowMs, now)
    return held?.limit === limit ? held : undefined
  }
}

/** Whether there are places for so many, or it is known that there are none. */
function suffices({ places, left, askedAt }: Held, wanted: number, now: number): boolean {
  const isFull = left === 0 && now >= askedAt && now - askedAt < FULL_MS
  return places >= wanted || isFull
}

function reserve(held: Held, wanted: number, now: number): Reserved {
  const places = Math.min(wanted, held.places)
  held.places -= places
  return { places, left: held.places + held.left, endsAt: held.endsAt, now }
}

function allowanceOf(
  { places, left, endsAt, now }: Reserved,
  place: number,
  limit: number,
  windowMs: number,
): Allowance {
  return {
    allowed: place < places,
    limit,
    remaining: Math.max(0, left + places - 1 - place),
    resetAt: endsAt,
    // The node that opened it may be a little ahead.
    resetInMs: Math.min(windowMs, endsAt - now),
  }
}

// The token bucket, held in sum by all nodes that share a store. Nothing is taken ahead of requests, as tokens kept by a
// node would come on top of a bucket that has filled up since; a bucket that is empty is remembered until the next drop.

import { Joint } from './joint.ts'
import { OpenWindows } from './open-windows.ts'
import { type Shared, SKEW_MS } from './shared.ts'
import { type BucketLimits, FILL_MS, ROUNDING } from './token-bucket.ts'

interface Row {
  tokens: number
  granted: number
  counted_at: number
}

/** A bucket that is empty until the next token has dripped in. */
interface Empty {
  endsAt: number
  perSecond: number
}

/** A clock that is behind another node's gives nothing and takes nothing. */
const FILLED = `least($3, held.tokens + greatest(0, $4 - held.counted_at) * $3 / ${FILL_MS})`
const GRANT = `least($2, floor(${FILLED} + ${ROUNDING}))`

/** Key, how many are asked for, how many a second, now. */
const TAKE = `
insert into rate_buckets as held (key, tokens, granted, counted_at)
values ($1, $3::float8 - least($2::bigint, floor($3)), least($2, floor($3)), $4::bigint)
on conflict (key) do update set
  tokens = ${FILLED} - ${GRANT},
  granted = ${GRANT},
  counted_at = case when held.counted_at > $4 + ${SKEW_MS} then $4 else greatest(held.counted_at, $4) end
returning tokens, granted, counted_at`

/** Exact over all nodes; takes of one key that come together share a round trip. */
export class SharedBuckets implements BucketLimits {
  readonly #shared: Shared
  readonly #empty = new OpenWindows<Empty>(SKEW_MS)
  readonly #joint = new Joint<number>()

  constructor(shared: Shared) {
    this.#shared = shared
  }

  take(key: string, perSecond: number): boolean | Promise<boolean> {
    return this.#isEmpty(key, perSecond) ? false : this.#takeTogether(key, perSecond)
  }

  async #takeTogether(key: string, perSecond: number): Promise<boolean> {
    const { answer: granted, place } = await this.#joint.join(key, wanted => this.#ask(key, perSecond, wanted))
    return place < granted
  }

  async #ask(key: string, perSecond: number, wanted: number): Promise<number> {
    if (this.#isEmpty(key, perSecond)) return 0
    const { clock, run, idOf } = this.#shared
    const now = clock.now()
    const [row] = await run<Row>(TAKE, [idOf(key), wanted, perSecond, now])
    if (!row) throw new Error('a limit was counted without an answer')
    if (row.granted < wanted) {
      const nextInMs = ((1 - ROUNDING - row.tokens) * FILL_MS) / perSecond
      this.#empty.put(key, FILL_MS, now, { endsAt: row.counted_at + nextInMs, perSecond })
    }
    return row.granted
  }

  #isEmpty(key: string, perSecond: number): boolean {
    return this.#empty.find(key, FILL_MS, this.#shared.clock.now())?.perSecond === perSecond
  }
}

// What every rule is given: where it works (Context) and who asks (Principal).

import type { CompiledQuery, Kysely, Transaction } from 'kysely'
import type { Clock } from './clock.ts'
import type { LookupCache } from './credentials/lookup-cache.ts'
import type { Usage } from './credentials/usage.ts'
import type { Vault } from './credentials/vault.ts'
import type { Database } from './db/database.ts'
import { holdFeed, holdTenant, holdTenantAndFeed } from './db/engine.ts'
import type { Webhooks } from './events/dialect.ts'
import type { Ids } from './ids.ts'
import type { Log } from './log.ts'
import type { Passwords } from './passwords.ts'
import type { Attempts } from './rate-limit/attempts.ts'
import type { WindowLimits } from './rate-limit/fixed-window.ts'
import type { BucketLimits } from './rate-limit/token-bucket.ts'
import type { Traps } from './traps.ts'
import type { Warnings } from './warnings.ts'

interface Settings {
  /** Where people reach this server, without a trailing slash: the base of links in mails. */
  publicUrl: string
  /** How long a deleted row can be taken back. */
  retentionMs: number
  /** A path prefix that a proxy strips before it hands a request on; signatures cover it. */
  strippedPrefix: string
  /** Whether mails leave by SMTP; without it they stay in the outbox to be read there. */
  smtp: boolean
  /** Whether webhooks may go to private addresses; where it is not said here, the store does: settings.ts. */
  allowPrivateAddresses?: boolean | undefined
  /** Whether vendors that have plans take them away from a person who leaves, and give them back on return. */
  offboardingRemovesPlans: boolean
}

/** Counts an attempt to send something, for the metrics: `failed` ones are followed by another, given up ones are not. */
export type CountSend = (kind: 'webhook' | 'mail', vendor: string, outcome: 'taken' | 'failed' | 'given_up') => void

export interface Context {
  /** The store; inside `withTransaction` the same, bound to the transaction. */
  readonly db: Kysely<Database>
  readonly clock: Clock
  readonly ids: Ids
  readonly log: Log
  readonly vault: Vault
  readonly passwords: Passwords
  readonly limits: WindowLimits
  readonly attempts: Attempts
  readonly buckets: BucketLimits
  readonly lookups: LookupCache
  readonly usage: Usage
  readonly traps: Traps
  readonly countSend: CountSend
  readonly warnings: Warnings
  readonly webhooks: Webhooks
  readonly settings: Settings
  /** Answers a read outside a transaction, together with others, where the engine gains by it. For `prepared` queries. */
  readSoon<Row>(query: CompiledQuery<Row>): Promise<Row[]>
  /** One transaction of its own, committed when this settles; perhaps together with others. For `withTransaction`. */
  transact<T>(work: (db: Transaction<Database>) => Promise<T>): Promise<T>
  /** Why the store refuses changes just now, while it answers reads; undefined where nothing is known against them. */
  changesRefused(): string | undefined
  /** Runs `action` once the transaction is committed; at once where there is none. Never runs after a rollback. */
  afterCommit(action: () => void): void
  /** To be called in a transaction before it writes an event: readers of the log then wait for its end. */
  enterLog(): Promise<void>
}

/** Who asks, and for which tenant. */
export interface Principal {
  vendor: string
  /** The tenant whose data is touched: an organization, a parent user, an app. Empty for the server itself. */
  tenant: string
  /** `key:ID`, `grant:ID`, `token:ID`, `account:ID`, `system:JOB` or `cli:COMMAND`; stands in the event log. */
  actor: string
  /** Acts for whoever runs the server (control API, seed, jobs): rules that bind a vendor's clients do not bind it. */
  operator?: true
  /** The request's id in reply and log, where there is a request. */
  requestId?: string
}

/** Whose data a transaction changes. */
export type Tenancy = Pick<Principal, 'vendor' | 'tenant'>

/**
 * Runs `work` in one transaction: all of it is stored, or nothing. A call inside another's `work` joins that one. No
 * hashing, network or mail inside.
 *
 * The changes of one tenant come one after the other, on every engine: what `work` reads of the tenant stays so until it
 * is done, and its events are in the order in which they were committed. Work over several tenants joins one after the
 * other, in the order of their ids, so that two such never wait for each other; null is work on no tenant's own data.
 */
export async function withTransaction<T>(
  ctx: Context,
  tenancy: Tenancy | null,
  work: (tx: Context) => Promise<T>,
): Promise<T> {
  const hold = tenancy && `${tenancy.vendor}:${tenancy.tenant}`
  if (ctx.db.isTransaction) {
    if (hold) await holdTenant(ctx.db, hold)
    return work(ctx)
  }
  const actions: (() => void)[] = []
  const result = await ctx.transact(async db => {
    if (hold) await holdTenantAndFeed(db, hold)
    let entered = hold !== null
    const enterLog = async () => {
      if (entered) return
      entered = true
      await holdFeed(db)
    }
    return work({ ...ctx, db, afterCommit: action => actions.push(action), enterLog })
  })
  for (const action of actions) {
    try {
      action()
    } catch (error) {
      // What is committed has happened: nobody is told otherwise, and the other actions are not left out.
      ctx.log.error({ err: error }, 'an action after a commit failed')
    }
  }
  return result
}

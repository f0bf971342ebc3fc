// What a vendor says about its webhooks: which events, in which words, signed how, tried how often. Queueing, sending
// and keeping books are the platform's and the same for all.

import type { Kysely } from 'kysely'
import type { Bell } from '../bell.ts'
import type { Database } from '../db/database.ts'
import type { RecordedEvent } from './event.ts'

export interface CustomHeader {
  name: string
  value: string
}

/** Where a tenant wants its events sent. Its secret is not here: it is opened only to sign. */
export interface WebhookEndpoint {
  id: string
  vendor: string
  tenant: string
  /** Whose it is inside the tenant (a child user); empty for the tenant's own, which alone get events. */
  owner: string
  /** What the vendor distinguishes: `production`, `sandbox`; empty where it does not. */
  mode: string
  /** As registered. Its path and user info are often secrets: show it to its owner, mask it elsewhere. */
  url: string
  signed: boolean
  /** Event names, `family.*` for all of a family; empty for all there are. */
  events: string[]
  customHeaders: CustomHeader[]
  disabledAt: string | null
  lastSuccessAt: string | null
  createdAt: string
  updatedAt: string
}

/** What is sent, the same at each attempt. */
interface WebhookMessage {
  /** By which a receiver knows a repeat; not unique over endpoints. */
  messageId: string
  /** The exact text of the body: JSON. */
  body: string
}

/** Success is any 2xx within the time limit, for every vendor. */
export interface WebhookDialect {
  /** The types of event that are sent. No other reaches `render`. */
  readonly events: readonly string[]
  /** Further names that an endpoint may subscribe to, and that never come. */
  readonly silentEvents: readonly string[]
  /** Whether the event's tenant has events sent at all; left out: yes. */
  wants?(tx: { readonly db: Kysely<Database> }, event: RecordedEvent): Promise<boolean>
  /**
   * The message for an endpoint that wants the event, or undefined when this endpoint is not to get it (its mode). Runs
   * inside the event's transaction, once: the result is what every attempt sends. `recipients` are all endpoints that
   * want it, this one included.
   */
  render(
    event: RecordedEvent,
    endpoint: WebhookEndpoint,
    recipients: readonly WebhookEndpoint[],
  ): WebhookMessage | undefined
  /** Signature and the like, fresh for each attempt. They win over an endpoint's custom headers. */
  headers(message: WebhookMessage, secret: string | undefined, timestampMs: number): Record<string, string>
  /** For one attempt, from the look-up of the host to the end of the answer. */
  readonly timeLimitMs: number
  /** Seconds from a failed attempt to the next; one more attempt than entries, then the delivery has failed. */
  readonly retryAfterS: readonly number[]
  /** Whether a delivery that failed for good disables its endpoint, when nothing reached that meanwhile. */
  readonly disablesOnFailure: boolean
}

/** Every vendor's dialect by its name, and what rings when deliveries were queued. */
export interface Webhooks {
  readonly dialects: ReadonlyMap<string, WebhookDialect>
  readonly queued: Bell
}

/** Whether a list of event names, `family.*` and the empty list included, takes in this type. */
export function covers(names: readonly string[], type: string): boolean {
  return names.length === 0 || names.some(name => nameCovers(name, type))
}

export function nameCovers(name: string, type: string): boolean {
  return name.endsWith('.*') ? type.startsWith(name.slice(0, -1)) : name === type
}

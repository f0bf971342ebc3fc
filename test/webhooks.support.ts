// A sender of webhooks that stands alone: the platform's dispatcher on a real store, with a dialect made for tests.

import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { after } from 'node:test'
import { openContext } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { Bell } from '../src/platform/bell.ts'
import { type Context, type Principal, withTransaction } from '../src/platform/context.ts'
import * as attempts from '../src/platform/events/attempts.ts'
import * as deliveries from '../src/platform/events/deliveries.ts'
import type { WebhookDialect, WebhookEndpoint } from '../src/platform/events/dialect.ts'
import { Dispatcher } from '../src/platform/events/dispatcher.ts'
import * as endpoints from '../src/platform/events/endpoints.ts'
import * as events from '../src/platform/events/events.ts'
import type { Lookup } from '../src/platform/outbound/post.ts'
import { FakeClock, type LogLine } from './support.ts'

export const principal: Principal = { vendor: 'test', tenant: 'acme', actor: 'key:test' }
export const EVERYTHING = { limit: 1000 }

/** Three attempts; a delivery that used them up disables its endpoint. */
const testDialect: WebhookDialect = {
  events: ['thing.made', 'thing.gone', 'other.made'],
  silentEvents: ['thing.never'],
  render: ({ id, type, data }, { mode }) =>
    data.mode === undefined || data.mode === mode
      ? { messageId: `msg_${id}`, body: JSON.stringify({ event: type, data }) }
      : undefined,
  headers: ({ messageId, body }, secret, timestampMs) => ({
    'X-Message': messageId,
    'X-Time': String(timestampMs),
    ...(secret === undefined ? {} : { 'X-Signature': signatureOf(secret, timestampMs, body) }),
  }),
  timeLimitMs: 5000,
  retryAfterS: [10, 20],
  disablesOnFailure: true,
}

export function signatureOf(secret: string, timestampMs: number, body: string): string {
  return createHmac('sha256', secret).update(`${timestampMs}.${body}`).digest('hex')
}

export interface Sender {
  ctx: Context
  clock: FakeClock
  log: LogLine[]
  dispatcher: Dispatcher
  register(url: string, options?: Partial<endpoints.NewEndpoint>): Promise<WebhookEndpoint>
  /** Commits one event that goes to the endpoints. */
  record(type?: string, data?: object): Promise<void>
  /** Sends all that is due, to its end. */
  dispatch(): Promise<void>
  /** In the order in which they were queued. */
  deliveries(): Promise<deliveries.Delivery[]>
  /** The only one. */
  delivery(): Promise<deliveries.Delivery>
  attempts(deliveryId: string): Promise<attempts.Attempt[]>
  /** Types of the events since the last call. */
  newEvents(): Promise<string[]>
}

interface SenderOptions extends Partial<WebhookDialect> {
  allowPrivateAddresses?: boolean | undefined
  lookup?: Lookup
}

/** Closed when the test that starts it ends. Private addresses are allowed unless said otherwise. */
export async function startSender(options: SenderOptions = {}): Promise<Sender> {
  const { lookup = async () => assert.fail('nothing is to be looked up'), ...rest } = options
  const { allowPrivateAddresses = 'allowPrivateAddresses' in rest ? undefined : true, ...dialect } = rest
  const clock = new FakeClock('2026-03-04T09:30:00.000Z')
  const log: LogLine[] = []
  const config = { ...(await readConfig({ data: ':memory:' }, {})), webhooks: { allowPrivateAddresses } }
  const surroundings = { clock, log: { write: (line: string) => void log.push(JSON.parse(line)) } }
  const { context, close } = await openContext(config, surroundings)
  after(close)
  const dialects = new Map([['test', { ...testDialect, ...dialect }]])
  const ctx: Context = { ...context, webhooks: { dialects, queued: new Bell() } }
  const dispatcher = new Dispatcher(lookup)
  let seen = 0
  const list = async () => (await deliveries.list(ctx, principal, {}, EVERYTHING)).items.toReversed()
  return {
    ctx,
    clock,
    log,
    dispatcher,
    register: (url, input = {}) => endpoints.register(ctx, principal, { url, ...input }),
    record: (type = 'thing.made', data = {}) =>
      withTransaction(ctx, principal, tx => events.record(tx, principal, type, 'subject', data)),
    dispatch: () => dispatcher.run(ctx, new AbortController().signal),
    deliveries: list,
    async delivery() {
      const [only, ...more] = await list()
      assert.ok(only)
      assert.deepEqual(more, [])
      return only
    },
    attempts: async deliveryId => (await attempts.list(ctx, principal, { deliveryId }, EVERYTHING)).items,
    async newEvents() {
      const found = await events.list(ctx, {}, seen, EVERYTHING.limit)
      seen = found.at(-1)?.sequence ?? seen
      return found.map(({ type }) => type)
    },
  }
}

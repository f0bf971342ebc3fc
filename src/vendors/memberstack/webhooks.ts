// Webhooks, contract section 12: one app and environment to one endpoint, signed as Svix signs.

import { createHash, createHmac } from 'node:crypto'
import type { Context, Principal } from '../../platform/context.ts'
import { DomainError } from '../../platform/errors.ts'
import type { WebhookDialect, WebhookEndpoint } from '../../platform/events/dialect.ts'
import * as endpoints from '../../platform/events/endpoints.ts'
import type { RecordedEvent } from '../../platform/events/event.ts'
import type { Environment } from './realm.ts'

type Payload = (data: RecordedEvent['data']) => unknown

const wholeMember: Payload = ({ member }) => member
const planChange: Payload = ({ id, member, planConnection, prevPlanConnection }) => ({
  id,
  member,
  planConnection,
  prevPlanConnection,
})

/** What is sent of each event; the log may know more. */
const payloads = new Map<string, Payload>([
  ['member.created', wholeMember],
  ['member.updated', wholeMember],
  ['member.deleted', ({ id }) => ({ id })],
  ['member.plan.added', planChange],
  ['member.plan.updated', planChange],
  ['member.plan.canceled', planChange],
])

const SECRET_PREFIX = 'whsec_'
/** In bytes [vendor: Standard Webhooks, which Svix follows]. */
const SECRET_SIZE = { made: 24, min: 24, max: 64 }

export const webhookDialect: WebhookDialect = {
  events: [...payloads.keys()],
  silentEvents: [],
  render({ id, type, createdAt, data }, { mode }) {
    if (mode !== data.environment) return undefined
    const envelope = { event: type, timestamp: Date.parse(createdAt), payload: payloads.get(type)?.(data) }
    // The official verifier signs what it gets by parsing the body and writing it anew: our text must survive that.
    const parsed: unknown = JSON.parse(JSON.stringify(envelope))
    return { messageId: messageIdOf(id), body: JSON.stringify(parsed) }
  },
  headers({ messageId, body }, secret, timestampMs) {
    const timestamp = String(Math.floor(timestampMs / 1000))
    const headers = { 'svix-id': messageId, 'svix-timestamp': timestamp }
    if (secret === undefined) return headers
    return { ...headers, 'svix-signature': signature(secret, `${messageId}.${timestamp}.${body}`) }
  },
  timeLimitMs: 15_000,
  // 5 s, 5 min, 30 min, 2 h, 5 h, 10 h: 7 attempts inside a day.
  retryAfterS: [5, 300, 1800, 7200, 18_000, 36_000],
  disablesOnFailure: false,
}

interface NewWebhook {
  url: string
  /** Whose events it gets: an endpoint never gets those of both. */
  environment: Environment
  /** As `checkSecret` takes it; made when left out. */
  secret?: string | undefined
  /** Event names, `family.*` for all of a family; empty, or left out, for all. */
  events?: readonly string[] | undefined
}

/** What is left out stays. */
interface WebhookChange {
  url?: string | undefined
  /** Takes the place of the old one at once: the official verifier takes exactly one signature. */
  secret?: string | undefined
  events?: readonly string[] | undefined
}

interface MadeWebhook {
  endpoint: WebhookEndpoint
  /** In clear, where it was made here: shown this once. */
  secret: string | undefined
}

/** As `endpoints.register`, always signed. Throws `invalid` with path `secret` too. */
export async function register(
  ctx: Context,
  principal: Principal,
  { environment, secret: given, ...input }: NewWebhook,
): Promise<MadeWebhook> {
  if (given !== undefined) checkSecret(given)
  const secret = given ?? newSecret(ctx)
  const endpoint = await endpoints.register(ctx, principal, { ...input, mode: environment, secret })
  return { endpoint, secret: given === undefined ? secret : undefined }
}

/** As `endpoints.update`; a secret is replaced, never taken away. Throws `invalid` with path `secret` too. */
export async function update(
  ctx: Context,
  principal: Principal,
  id: string,
  change: WebhookChange,
): Promise<WebhookEndpoint> {
  if (change.secret !== undefined) checkSecret(change.secret)
  return endpoints.update(ctx, principal, id, change)
}

/**
 * Throws `invalid` with path `secret` for what is not exactly `whsec_` and 24 to 64 bytes in standard base64: at a `_`
 * the vendor's verifier cuts the key short, and what is not standard Svix's own refuses [vendor].
 */
export function checkSecret(secret: string): void {
  const key = keyOf(secret)
  const isExact = `${SECRET_PREFIX}${key.toString('base64')}` === secret
  if (isExact && key.length >= SECRET_SIZE.min && key.length <= SECRET_SIZE.max) return
  const hint = `${SECRET_PREFIX} and ${SECRET_SIZE.min} to ${SECRET_SIZE.max} bytes in standard base64`
  throw new DomainError('invalid', 'not a signing secret', { issues: [{ path: 'secret', problem: 'invalid', hint }] })
}

/** A signing secret that was never used. */
export function newSecret({ ids }: { ids: Pick<Context['ids'], 'secret'> }): string {
  return SECRET_PREFIX + Buffer.from(ids.secret(SECRET_SIZE.made), 'base64url').toString('base64')
}

/** The base64 part; Node takes base64url too, which `checkSecret` has kept out. */
function keyOf(secret: string): Buffer {
  return Buffer.from(secret.slice(SECRET_PREFIX.length), 'base64')
}

function signature(secret: string, content: string): string {
  return `v1,${createHmac('sha256', keyOf(secret)).update(content).digest('base64')}`
}

/** The same for every endpoint and attempt: receivers know a repeat by it. 17 bytes always fit 27 digits of base 36. */
function messageIdOf(eventId: string): string {
  const digest = createHash('sha256').update(eventId).digest('hex').slice(0, 34)
  return `msg_${BigInt(`0x${digest}`).toString(36).padStart(27, '0')}`
}

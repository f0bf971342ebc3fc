// Billing at Stripe, through its official library: contract section 8. Knows Stripe and nothing of members or the
// database.
//
// Where the requests go is the operator's choice: `apiBase` is set by the seed and the control API alone. So private
// addresses are allowed, as they are for any other service the operator names, and unlike for webhooks.

import type Stripe from 'stripe'
import { DomainError } from '../../platform/errors.ts'

export interface StripeConnection {
  /** `sk_test_…` or `sk_live_…`, or restricted: `rk_test_…`, `rk_live_…`. */
  secretKey: string
  /** An http or https origin; Stripe's own when left out. */
  apiBase?: string
}

export interface BillingFlags {
  deleteStripeCustomer: boolean
  cancelStripeSubscriptions: boolean
}

export interface BillingLimits {
  /** For each request, from connecting to the end of the answer. */
  timeLimitMs: number
  /** How often a request is sent again that had no answer, or one that the library takes for passing (409, 5xx). */
  retriesMax: number
  /** For all requests together. Some half a second a retry may come on top. */
  totalTimeLimitMs: number
}

/** The first two are the contract's. The third is about as long as proxies wait for an answer of ours. */
const LIMITS: BillingLimits = { timeLimitMs: 10_000, retriesMax: 2, totalTimeLimitMs: 60_000 }

const KEY_FORM = /^[sr]k_(test|live)_[A-Za-z0-9_]{1,200}$/
const LIVE_KEY = /^[sr]k_live_/
/** No longer billed, and never again. */
const ENDED: readonly string[] = ['canceled', 'incomplete_expired']
const PAGE_SIZE_MAX = 100
/** Many times what a page of subscriptions takes. */
const ANSWER_MAX_BYTES = 16 * 1024 ** 2

/** Stripe failed or could not be reached. `reason` says where and how, for the operator's log, without the key. */
export class StripeFailedError extends Error {
  readonly reason: string

  /** Has no `cause`: Stripe's own message may repeat a part of the key. */
  constructor(reason: string) {
    super(`Stripe could not complete the request: ${reason}`)
    this.name = 'StripeFailedError'
    this.reason = reason
  }
}

/**
 * Throws `invalid` at `secretKey` for what is no secret key of Stripe's and for a live-mode key on the sandbox, at
 * `apiBase` for anything but an http or https origin: the library takes host, port and protocol and no path.
 */
export function checkStripeConnection(environment: 'sandbox' | 'live', connection: StripeConnection): void {
  const { secretKey, apiBase } = connection
  if (!KEY_FORM.test(secretKey)) {
    throw invalid('this is not a secret key of Stripe', 'secretKey', 'sk_test_…, sk_live_…, rk_test_… or rk_live_…')
  }
  if (environment === 'sandbox' && LIVE_KEY.test(secretKey)) {
    throw invalid('a live-mode key of Stripe is refused on the sandbox', 'secretKey', 'sk_test_… or rk_test_…')
  }
  if (apiBase !== undefined && !isOrigin(apiBase)) {
    throw invalid('apiBase needs an http or https origin', 'apiBase', 'https://stripe.example:8443, without a path')
  }
}

/**
 * Does at Stripe what the flags ask: cancels every subscription of the customer, then deletes the customer. What Stripe
 * says does not exist counts as done, and what is done already is skipped: after a failure half-way, calling again goes
 * on where it stopped. With no flag set nothing is called.
 *
 * Takes up to `totalTimeLimitMs`: never to be called inside a database transaction. The connection is one that
 * `checkStripeConnection` accepts, the customer's id is not empty.
 *
 * Throws StripeFailedError when anything failed: the customer is then as it was, or has fewer subscriptions.
 */
export async function settleBilling(
  connection: StripeConnection,
  customerId: string,
  flags: BillingFlags,
  limits: Partial<BillingLimits> = {},
): Promise<void> {
  if (!flags.cancelStripeSubscriptions && !flags.deleteStripeCustomer) return
  const stripe = await connect(connection, { ...LIMITS, ...limits })
  if (flags.cancelStripeSubscriptions) {
    // One after the other: to changes of the same objects at the same time Stripe answers 429 `lock_timeout`.
    for (const id of await openSubscriptions(stripe, customerId)) {
      await settle(stripe, `cancelling ${id}`, () => answered(stripe.subscriptions.cancel(id)))
    }
  }
  if (flags.deleteStripeCustomer) {
    await settle(stripe, `deleting ${customerId}`, () => answered(stripe.customers.del(customerId)))
  }
}

async function connect({ secretKey, apiBase }: StripeConnection, limits: BillingLimits): Promise<Stripe> {
  // Large, and most servers never need it: it is not for the start to wait for.
  const { default: StripeClient } = await import('stripe')
  return new StripeClient(secretKey, {
    ...(apiBase === undefined ? {} : addressOf(apiBase)),
    timeout: limits.timeLimitMs,
    maxNetworkRetries: limits.retriesMax,
    telemetry: false,
    httpClient: StripeClient.createFetchHttpClient(fetchUntil(AbortSignal.timeout(limits.totalTimeLimitMs))),
  })
}

/**
 * The library's other HTTP client counts silence only: not the time to connect, and not an answer that trickles. It
 * does not follow redirects, neither may this one: the key would go with them.
 */
function fetchUntil(deadline: AbortSignal): typeof fetch {
  return async (input, { signal, ...init } = {}) => {
    const limits = AbortSignal.any(signal ? [deadline, signal] : [deadline])
    const answer = await fetch(input, { ...init, redirect: 'manual', signal: limits })
    return answer.body ? new Response(answer.body.pipeThrough(bounded()), answer) : answer
  }
}

/** The library holds all of an answer, unpacked, however long: one without an end would take all memory there is. */
function bounded(): TransformStream<Uint8Array, Uint8Array> {
  let size = 0
  return new TransformStream({
    transform(chunk, controller) {
      size += chunk.length
      if (size > ANSWER_MAX_BYTES) throw Object.assign(new Error('the answer is too long'), { code: 'EMSGSIZE' })
      controller.enqueue(chunk)
    },
  })
}

function addressOf(apiBase: string): { host: string; port: string; protocol: 'http' | 'https' } {
  const { hostname, port, protocol } = new URL(apiBase)
  return protocol === 'http:'
    ? { host: hostname, port: port || '80', protocol: 'http' }
    : { host: hostname, port: port || '443', protocol: 'https' }
}

function isOrigin(text: string): boolean {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`
}

/** The ids of all subscriptions that are not ended, from all pages. None when the customer does not exist. */
async function openSubscriptions(stripe: Stripe, customer: string): Promise<string[]> {
  const open: string[] = []
  await settle(stripe, `listing the subscriptions of ${customer}`, async () => {
    for await (const { id, status } of stripe.subscriptions.list({ customer, status: 'all', limit: PAGE_SIZE_MAX })) {
      if (!ENDED.includes(status)) open.push(id)
    }
  })
  return open
}

/** Runs one step. That what it is about does not exist is no failure: nothing is left to do. */
async function settle(stripe: Stripe, step: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!isMissing(stripe, error)) throw new StripeFailedError(`${step}: ${reasonOf(stripe, error)}`)
  }
}

/** The library takes JSON without `error` for success whatever its status, as in a gateway's 503 or in a redirect. */
async function answered(call: Promise<Stripe.Response<unknown>>): Promise<void> {
  const { statusCode } = (await call).lastResponse
  if (statusCode !== 200) throw new Error(`an answer that is not Stripe's, status ${statusCode}`)
}

function isMissing(stripe: Stripe, error: unknown): boolean {
  if (!(error instanceof stripe.errors.StripeError)) return false
  // A cursor that is gone says nothing about the customer.
  return error.code === 'resource_missing' && error.param !== 'starting_after'
}

/** Without what Stripe wrote as text, which may repeat a part of the key. What the library wrote does not. */
function reasonOf(stripe: Stripe, error: unknown): string {
  if (!(error instanceof stripe.errors.StripeError)) return error instanceof Error ? error.message : String(error)
  const { message, detail, rawType, code, statusCode, requestId } = error
  // Only an error that came over the wire has a status.
  const facts = statusCode === undefined ? [message.replace(/\.$/, ''), rootOf(detail)] : [rawType, code].filter(isWord)
  if (statusCode !== undefined) facts.push(`status ${statusCode}`)
  if (requestId) facts.push(`request ${requestId}`)
  return facts.filter(fact => fact !== undefined).join(', ')
}

/** Whether it is an error's type or code, as Stripe writes them: `api_error`. */
function isWord(text: unknown): text is string {
  return typeof text === 'string' && /^[a-z_]{1,100}$/.test(text)
}

/** What is at the bottom of a failed connection: `ECONNREFUSED`, `TimeoutError`. */
function rootOf(detail: unknown): string | undefined {
  if (!(detail instanceof Error)) return undefined
  // The library wraps in `exception` what breaks off a body, the runtime in `cause` what breaks a request.
  const inner = rootOf('exception' in detail ? detail.exception : detail.cause)
  return inner ?? ('code' in detail && typeof detail.code === 'string' ? detail.code : detail.name)
}

function invalid(message: string, path: string, hint: string): DomainError {
  return new DomainError('invalid', message, { issues: [{ path, problem: 'invalid', hint }] })
}

// A stand-in for Stripe on loopback: customers and their subscriptions on Stripe's wire, and every way to fail. Its
// library is pointed here by `apiBase`.

import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'

export interface StripeSubscription {
  id: string
  status: string
}

interface StripeRequest {
  /** Without the query: `DELETE /v1/subscriptions/sub_1`. */
  line: string
  query: Record<string, string>
  authorization: string | undefined
  headers: IncomingHttpHeaders
}

/** Which requests fail. */
interface Affected {
  /** Those with exactly this line, as in `StripeRequest`; all of them when left out. */
  on?: string
  /** The next so many; every one until `recover` when left out. */
  times?: number
}

interface StripeError {
  type?: string
  code?: string
  param?: string
  message?: string
}

export interface StripeStandIn {
  apiBase: string
  /** Every request so far, in order; those that failed too. */
  requests: StripeRequest[]
  /** The lines of the requests since the last look. */
  newLines(): string[]
  /** A customer's subscriptions as they are now, `id status` each. */
  subscriptions(customer: string): string[]
  /** Whether there is such a customer and it was not deleted. */
  hasCustomer(customer: string): boolean
  /** Answers an error as Stripe words it: by default an `api_error`. Earlier failures count first. */
  failWith(status: number, error?: StripeError, affected?: Affected): void
  /** Answers what Stripe never would. */
  answerWith(status: number, body: string, headers?: Record<string, string>, affected?: Affected): void
  /** Never answers. */
  hang(affected?: Affected): void
  /** Begins an answer and never ends it. */
  stall(affected?: Affected): void
  /** Closes the connection: nothing was done. */
  drop(affected?: Affected): void
  /** Does what was asked and closes the connection: the answer is lost. */
  lose(affected?: Affected): void
  /** Everything works again. */
  recover(): void
  /** Goes down; its port refuses. */
  close(): Promise<void>
}

interface Customer {
  deleted: boolean
  subscriptions: StripeSubscription[]
}

interface Answer {
  status: number
  body: object
}

interface Failure {
  on: string | undefined
  left: number
  /** Instead of answering; `work` does what was asked. */
  act(response: ServerResponse, work: () => Answer): void
}

interface State {
  key: string
  customers: Map<string, Customer>
  requests: StripeRequest[]
  failures: Failure[]
}

/** The only key it takes, unless told otherwise. */
export const STRIPE_KEY = 'sk_test_key_of_the_stand_in'

const JSON_TYPE = { 'content-type': 'application/json' }
const ENDED = ['canceled', 'incomplete_expired']
const PAGE_SIZE = { default: 10, max: 100 }

/** With these customers and their subscriptions, listed in this order. Closed when the test that starts it ends. */
export async function startStripe(start: {
  key?: string
  customers?: Record<string, StripeSubscription[]>
}): Promise<StripeStandIn> {
  const { key = STRIPE_KEY, customers = {} } = start
  const known = new Map(Object.entries(customers).map(([id, subscriptions]) => [id, customerWith(subscriptions)]))
  const state: State = { key, customers: known, requests: [], failures: [] }
  const server = createServer((request, response) => handle(state, receivedFrom(request), response))
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const close = async () => {
    server.closeAllConnections()
    if (server.listening) await new Promise(resolve => server.close(resolve))
  }
  after(close)
  const { port } = server.address() as AddressInfo
  return { apiBase: `http://127.0.0.1:${port}`, close, ...looksAt(state), ...failuresOf(state) }
}

function looksAt({ customers, requests }: State) {
  let seen = 0
  return {
    requests,
    newLines() {
      const lines = requests.slice(seen).map(({ line }) => line)
      seen = requests.length
      return lines
    },
    subscriptions: (id: string) => (customers.get(id)?.subscriptions ?? []).map(each => `${each.id} ${each.status}`),
    hasCustomer: (id: string) => customers.get(id)?.deleted === false,
  }
}

function failuresOf({ failures }: State) {
  const fail = ({ on, times = Number.POSITIVE_INFINITY }: Affected, act: Failure['act']) => {
    failures.push({ on, left: times, act })
  }
  return {
    failWith(status: number, error: StripeError = {}, affected: Affected = {}) {
      fail(affected, response => send(response, errorOf(status, error)))
    },
    answerWith(status: number, body: string, headers: Record<string, string> = JSON_TYPE, affected: Affected = {}) {
      fail(affected, response => void response.writeHead(status, headers).end(body))
    },
    hang: (affected: Affected = {}) => fail(affected, () => {}),
    stall: (affected: Affected = {}) => {
      fail(affected, response => void response.writeHead(200, JSON_TYPE).write('{"object":'))
    },
    drop: (affected: Affected = {}) => fail(affected, response => void response.destroy()),
    lose(affected: Affected = {}) {
      fail(affected, (response, work) => {
        work()
        response.destroy()
      })
    },
    recover: () => void failures.splice(0),
  }
}

function handle(state: State, request: StripeRequest, response: ServerResponse): void {
  state.requests.push(request)
  response.setHeader('request-id', `req_${state.requests.length}`)
  const work = () => (isAllowed(request, state.key) ? answer(state.customers, request) : wrongKey(request))
  const failure = state.failures.find(({ on, left }) => left > 0 && (on === undefined || on === request.line))
  if (failure) {
    failure.left -= 1
    failure.act(response, work)
  } else {
    send(response, work())
  }
}

function send(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, JSON_TYPE).end(JSON.stringify(body))
}

function receivedFrom({ method, url = '', headers }: IncomingMessage): StripeRequest {
  const { pathname, searchParams } = new URL(url, 'http://stripe.test')
  const query = Object.fromEntries(searchParams)
  return { line: `${method} ${pathname}`, query, authorization: headers.authorization, headers }
}

function customerWith(subscriptions: StripeSubscription[]): Customer {
  return { deleted: false, subscriptions: subscriptions.map(each => ({ ...each })) }
}

function isAllowed({ authorization }: StripeRequest, key: string): boolean {
  return authorization === `Bearer ${key}`
}

function answer(customers: Map<string, Customer>, { line, query }: StripeRequest): Answer {
  const [, id = ''] = /^DELETE \/v1\/\w+\/([^/]+)$/.exec(line) ?? []
  if (line === 'GET /v1/subscriptions') return listSubscriptions(customers, query)
  if (line === `DELETE /v1/subscriptions/${id}`) return cancelSubscription(customers, decodeURIComponent(id))
  if (line === `DELETE /v1/customers/${id}`) return deleteCustomer(customers, decodeURIComponent(id))
  return errorOf(404, { message: `Unrecognized request URL (${line}).` })
}

function listSubscriptions(customers: Map<string, Customer>, query: Record<string, string>): Answer {
  const { customer, status, starting_after: after, limit = String(PAGE_SIZE.default) } = query
  if (customer === '') return errorOf(400, { code: 'parameter_invalid_empty', param: 'customer' })
  if (!(Number(limit) >= 1 && Number(limit) <= PAGE_SIZE.max)) {
    return errorOf(400, { code: 'parameter_invalid_integer', param: 'limit' })
  }
  if (customer !== undefined && !customers.has(customer)) return missing(400, 'customer', customer, 'customer')
  const of = customer === undefined ? [...customers.values()] : [customers.get(customer)]
  const all = of.flatMap(each => each?.subscriptions ?? [])
  const start = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1
  if (after !== undefined && start === 0) return missing(400, 'subscription', after, 'starting_after')
  const rest = all.slice(start).filter(subscription => isListed(subscription, status))
  const data = rest.slice(0, Number(limit)).map(each => ({ ...each, object: 'subscription', customer: customer ?? '' }))
  return { status: 200, body: { object: 'list', url: '/v1/subscriptions', has_more: rest.length > data.length, data } }
}

/** Without a status all that are not cancelled. */
function isListed(subscription: StripeSubscription, status: string | undefined): boolean {
  if (status === undefined) return subscription.status !== 'canceled'
  if (status === 'ended') return ENDED.includes(subscription.status)
  return status === 'all' || subscription.status === status
}

/** One that ended is not found: what is cancelled cannot be cancelled again. */
function cancelSubscription(customers: Map<string, Customer>, id: string): Answer {
  const all = [...customers.values()].flatMap(({ subscriptions }) => subscriptions)
  const subscription = all.find(each => each.id === id && !ENDED.includes(each.status))
  if (!subscription) return missing(404, 'subscription', id, 'id')
  subscription.status = 'canceled'
  return { status: 200, body: { ...subscription, object: 'subscription' } }
}

/** Cancels what the customer still has, as Stripe does. */
function deleteCustomer(customers: Map<string, Customer>, id: string): Answer {
  const customer = customers.get(id)
  if (!customer || customer.deleted) return missing(404, 'customer', id, 'id')
  customer.deleted = true
  for (const each of customer.subscriptions) if (!ENDED.includes(each.status)) each.status = 'canceled'
  return { status: 200, body: { id, object: 'customer', deleted: true } }
}

function missing(status: 400 | 404, noun: string, id: string, param: string): Answer {
  return errorOf(status, { code: 'resource_missing', message: `No such ${noun}: '${id}'`, param })
}

/** Repeats the whole key, of which Stripe shows a part: so that it shows when any of it is passed on. */
function wrongKey({ authorization }: StripeRequest): Answer {
  return errorOf(401, { message: `Invalid API Key provided: ${authorization}` })
}

function errorOf(status: number, error: StripeError): Answer {
  const type = status < 500 ? 'invalid_request_error' : 'api_error'
  return { status, body: { error: { type, message: 'An error of the stand-in', ...error } } }
}

// What the server itself says of its deliveries and mails: the control API, read to the end of every list.

import { control, type Send, TENANTS, type Tenant } from './tenants.ts'

export interface Delivery {
  id: string
  endpointId: string
  eventType: string
  status: 'queued' | 'retrying' | 'completed' | 'failed'
  attempts: number
  /** Null too while an attempt is under way. */
  nextAttemptAt: string | null
}

export interface Attempt {
  startedAt: string
  error: string | null
}

export interface Endpoint {
  id: string
  url: string
  isDisabled: boolean
}

export interface Mail {
  id: string
  to: string
  status: 'queued' | 'sent' | 'failed'
  attempts: number
  lastError: string | null
}

interface Page<T> {
  data: T[]
  next: string | null
}

const PAGE = 200

export function deliveriesOf(send: Send, tenant: Tenant, filter = ''): Promise<Delivery[]> {
  return list(send, `${TENANTS[tenant].base}/deliveries?${filter}`)
}

/** A delivery's body, as it is sent. */
export async function bodyOf(send: Send, tenant: Tenant, id: string): Promise<string> {
  const { body } = await get<{ body: string }>(send, `${TENANTS[tenant].base}/deliveries/${id}`)
  return body
}

export function attemptsOf(send: Send, tenant: Tenant, id: string): Promise<Attempt[]> {
  return list(send, `${TENANTS[tenant].base}/deliveries/${id}/attempts?`)
}

/** EasyPost's are the wire's affair. */
export async function endpointsOf(send: Send, tenant: Tenant): Promise<Endpoint[]> {
  if (tenant === 'easypost') {
    const headers = { authorization: `Basic ${Buffer.from('EZAKtorture:').toString('base64')}` }
    const { body } = await send({ method: 'GET', path: '/v2/webhooks', headers })
    const { webhooks } = body as { webhooks: { id: string; url: string; disabled_at: string | null }[] }
    return webhooks.map(({ id, url, disabled_at }) => ({ id, url, isDisabled: disabled_at !== null }))
  }
  const found = await list<{ id: string; url: string; disabledAt: string | null }>(
    send,
    `${TENANTS[tenant].base}/webhooks?`,
  )
  return found.map(({ id, url, disabledAt }) => ({ id, url, isDisabled: disabledAt !== null }))
}

/** When the next attempts of all that waits for one are due; none where an attempt is under way. */
export async function nextDue(send: Send, tenant: Tenant): Promise<number[]> {
  const waiting = await unfinishedOf(send, tenant)
  return waiting.flatMap(({ nextAttemptAt }) => (nextAttemptAt === null ? [] : [Date.parse(nextAttemptAt)]))
}

/** How many deliveries are due or under way at `now`: neither finished nor waiting for their next attempt. */
export async function countDue(send: Send, tenant: Tenant, now: number): Promise<number> {
  const unfinished = await unfinishedOf(send, tenant)
  return unfinished.filter(({ nextAttemptAt }) => nextAttemptAt === null || Date.parse(nextAttemptAt) <= now).length
}

/** Without those that wait for a disabled endpoint. */
async function unfinishedOf(send: Send, tenant: Tenant): Promise<Delivery[]> {
  const disabled = new Set((await endpointsOf(send, tenant)).filter(({ isDisabled }) => isDisabled).map(({ id }) => id))
  const unfinished = [
    ...(await deliveriesOf(send, tenant, 'status=queued&')),
    ...(await deliveriesOf(send, tenant, 'status=retrying&')),
  ]
  return unfinished.filter(({ endpointId }) => !disabled.has(endpointId))
}

export function mails(send: Send, to?: string): Promise<Mail[]> {
  return list(send, `/mails?${to === undefined ? '' : `to=${encodeURIComponent(to)}&`}`)
}

async function list<T>(send: Send, path: string): Promise<T[]> {
  const items: T[] = []
  for (let next: string | null = ''; next !== null; ) {
    const after: string = next === '' ? '' : `&after=${encodeURIComponent(next)}`
    const page: Page<T> = await get<Page<T>>(send, `${path}limit=${PAGE}${after}`)
    items.push(...page.data)
    next = page.next
  }
  return items
}

async function get<T>(send: Send, path: string): Promise<T> {
  const { status, body } = await send(control(path))
  if (status !== 200) throw new Error(`GET ${path} was answered with ${status}: ${JSON.stringify(body)}`)
  return body as T
}

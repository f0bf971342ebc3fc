// Where a user wants events sent: contract section 10. A webhook belongs to one user and one mode, its key's.

import type { Context } from '../../platform/context.ts'
import { DomainError, type Issue } from '../../platform/errors.ts'
import type { CustomHeader, WebhookEndpoint } from '../../platform/events/dialect.ts'
import * as endpoints from '../../platform/events/endpoints.ts'
import type { Caller } from './auth.ts'
import { type Parameters, unwrapped } from './body.ts'
import { missing, refusal } from './errors.ts'
import { isGiven } from './fields.ts'
import { wireTime } from './wire.ts'

/**
 * Makes one of what a body holds, wrapped or bare. Throws `PARAMETER.REQUIRED` (nothing was sent),
 * `PARAMETER.INVALID_TYPE` (wrapper) and `WEBHOOK.INVALID_PARAMS`.
 */
export async function create(ctx: Context, caller: Caller, body: Parameters): Promise<WebhookEndpoint> {
  const parameters = unwrapped(body, 'webhook')
  if (Object.keys(parameters).length === 0) throw missing('webhook')
  const { url, secret, customHeaders } = changesIn(parameters)
  if (url === undefined) throw invalid('url', 'must be present; must be a string')
  const id = `hook_${ctx.ids.hex32()}`
  const { principal, mode } = caller
  return inWireWords(() =>
    endpoints.register(ctx, principal, {
      id,
      url,
      secret: secret ?? undefined,
      customHeaders,
      mode,
      owner: ownerOf(caller),
    }),
  )
}

/** The caller's own of its key's mode, oldest first. */
export async function list(ctx: Context, caller: Caller): Promise<WebhookEndpoint[]> {
  const found = await endpoints.list(ctx, caller.principal, ownerOf(caller))
  return found.filter(({ mode }) => mode === caller.mode)
}

/** Throws `notFound`, for another user's and for one of the other mode too. */
export async function get(ctx: Context, caller: Caller, id: string): Promise<WebhookEndpoint> {
  const endpoint = await endpoints.get(ctx, caller.principal, id)
  if (endpoint.owner === ownerOf(caller) && endpoint.mode === caller.mode) return endpoint
  throw new DomainError('notFound', 'no such webhook of this user and mode')
}

/**
 * Changes what is given, and enables it again in any case. Throws `notFound` before it looks at the body, then
 * `PARAMETER.INVALID_TYPE` (wrapper) and `WEBHOOK.INVALID_PARAMS`.
 */
export async function update(ctx: Context, caller: Caller, id: string, body: Parameters): Promise<WebhookEndpoint> {
  await get(ctx, caller, id)
  const changes = changesIn(unwrapped(body, 'webhook'))
  return inWireWords(() => endpoints.update(ctx, caller.principal, id, changes))
}

/** Throws `notFound`. */
export async function remove(ctx: Context, caller: Caller, id: string): Promise<void> {
  await get(ctx, caller, id)
  await endpoints.remove(ctx, caller.principal, id)
}

export function webhookOf(endpoint: WebhookEndpoint) {
  return {
    id: endpoint.id,
    object: 'Webhook',
    mode: endpoint.mode,
    url: endpoint.url,
    created_at: wireTime(endpoint.createdAt),
    disabled_at: endpoint.disabledAt === null ? null : wireTime(endpoint.disabledAt),
    custom_headers: endpoint.customHeaders,
  }
}

/** Events go to the tenant's own endpoints, which have no owner; a child's stand under its id. */
function ownerOf({ isParent, userId }: Caller): string {
  return isParent ? '' : userId
}

function changesIn(parameters: Parameters): endpoints.EndpointChange {
  return {
    url: isGiven(parameters, 'url') ? textIn(parameters, 'url', 'must be present; must be a string') : undefined,
    secret: secretIn(parameters),
    customHeaders: headersIn(parameters),
  }
}

/** Null and blank take the secret away. */
function secretIn(parameters: Parameters): string | null | undefined {
  if (!isGiven(parameters, 'webhook_secret')) return undefined
  const secret = parameters.webhook_secret
  return secret === null || secret === '' ? null : textIn(parameters, 'webhook_secret', 'must be a string')
}

function headersIn(parameters: Parameters): CustomHeader[] | undefined {
  if (!isGiven(parameters, 'custom_headers')) return undefined
  const list = parameters.custom_headers
  if (list === null || list === '') return []
  if (!Array.isArray(list)) throw invalid('custom_headers', 'must be an array')
  return list.map(headerOf)
}

/** `name` or, as some clients say, `key`. */
function headerOf(header: unknown): CustomHeader {
  if (typeof header !== 'object' || header === null) throw invalid('custom_headers', 'must be objects')
  const { name, key, value }: { name?: unknown; key?: unknown; value?: unknown } = header
  return {
    name: textIn({ custom_headers: name ?? key }, 'custom_headers', 'must have a name'),
    value: textIn({ custom_headers: value }, 'custom_headers', 'must have a value'),
  }
}

function textIn(parameters: Parameters, field: string, problem: string): string {
  const value = parameters[field]
  if (value === null || value === undefined || typeof value === 'object') throw invalid(field, problem)
  return String(value)
}

/** The platform's findings under the wire's code and field names. */
async function inWireWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== 'invalid') throw error
    const issues = error.issues.map(({ path, hint, ...issue }): Issue => {
      const isUrl = path === 'url'
      return { ...issue, path: isUrl ? path : 'custom_headers', hint: hint ? `must be ${hint}` : 'is invalid' }
    })
    throw refusal('webhookInvalid', 'invalid', error.message, issues)
  }
}

function invalid(field: string, problem: string): DomainError {
  return refusal('webhookInvalid', 'invalid', `${field} ${problem}`, [
    { path: field, problem: 'invalid', hint: problem },
  ])
}

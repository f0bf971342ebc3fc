// Mistakes that integrations make: the wire answers as the contract says, and the operator is told. Contract section 16:
// one line in the log a minute for each key and trap, and a counter.

import type { FastifyRequest } from 'fastify'
import type { Context } from '../../platform/context.ts'
import { keyIn } from './auth.ts'
import { VENDOR } from './realm.ts'

type Trap = 'unencoded-email' | 'secret-key-in-browser'

const MEMBERS = '/members'
const QUIET_MS = 60_000

/** `tenant` is the key's app. Where the key is no good, or not looked at, callers are told apart by their addresses. */
export function report(ctx: Context, request: FastifyRequest, trap: Trap, tenant?: string): void {
  const caller = tenant === undefined ? request.ip : ctx.vault.memoryHash(keyIn(request) ?? '')
  const quiet = { caller, forMs: QUIET_MS }
  const fields = { vendor: VENDOR, requestId: request.id, route: request.routeOptions.url, quiet }
  ctx.traps(trap, tenant === undefined ? fields : { ...fields, tenant })
}

/** A page of some origin sent a secret key: everybody who opens the page can read it there. */
export function hasSecretInBrowser(request: FastifyRequest): boolean {
  return request.headers.origin !== undefined && (keyIn(request)?.startsWith('sk_') ?? false)
}

/**
 * An `@` as it is in the path, or behind a `?` that cut the path: the email was not encoded, and with `?`, `#`, `%` or `/`
 * in it another one is looked for, or none.
 */
export function hasRawEmail({ method, url }: FastifyRequest): boolean {
  if (method !== 'GET' || !url.startsWith(`${MEMBERS}/`)) return false
  const [path = '', ...query] = url.split('?')
  if (path.includes('@')) return true
  const cut = !path.startsWith(`${MEMBERS}/mem_`) && !/%40/.test(path)
  return cut && query.join('?').includes('@')
}

// Request to caller: contract section 2. A key in either scheme; what it may do follows from its mode and from whether
// its user is a parent or a child.

import type { FastifyRequest } from 'fastify'
import type { Context, Principal } from '../../platform/context.ts'
import { isUsable } from '../../platform/credentials/credential.ts'
import * as credentials from '../../platform/credentials/credentials.ts'
import { DomainError } from '../../platform/errors.ts'
import { refusal } from './errors.ts'
import { type KeyMode, VENDOR } from './keys.ts'
import * as parents from './parents.store.ts'
import * as users from './users.store.ts'

/** Who asks: a user, by one of its keys. The principal's tenant is the parent. */
export interface Caller {
  principal: Principal
  userId: string
  isParent: boolean
  mode: KeyMode
  /** Names the key in the event log. */
  fingerprint: string
  settings: parents.ParentSettings
}

/** Throws `unauthenticated` (no key was sent) and `APIKEY.INACTIVE` (unknown, disabled, or its user is deleted). */
export async function authenticate(ctx: Context, request: FastifyRequest): Promise<Caller> {
  const key = keyIn(request.headers.authorization)
  const credential = await credentials.find(ctx, key)
  if (credential?.vendor !== VENDOR) throw inactive('unknown key')
  if (!isUsable(ctx, credential)) {
    await credentials.lookInVain(ctx, key)
    throw inactive(`key ${credential.fingerprint} is disabled`)
  }
  const { tenant, owner } = credential
  const account = await ctx.lookups.get(`easypost-user:${tenant}:${owner}`, () => accountOf(ctx, tenant, owner))
  if (!account) throw inactive(`the user of key ${credential.fingerprint} is deleted`)
  ctx.usage.note(credential.id)
  return {
    principal: { vendor: VENDOR, tenant, actor: `key:${credential.id}`, requestId: request.id },
    userId: owner,
    isParent: account.isParent,
    mode: credential.mode === 'test' ? 'test' : 'production',
    fingerprint: credential.fingerprint,
    settings: account.settings,
  }
}

async function accountOf(ctx: Context, tenant: string, id: string) {
  const user = await users.find(ctx, tenant, id)
  const settings = user && (await parents.find(ctx, tenant))
  return settings && { isParent: user.parentId === null, settings }
}

const decoder = new TextDecoder('utf-8', { fatal: true })
const SCHEME = /^\s*(basic|bearer)\s+(.*)$/is

/** The key in an Authorization header: Basic's user name, or Bearer's token. Throws `unauthenticated`. */
function keyIn(header: string | undefined): string {
  const [, scheme = '', rest = ''] = SCHEME.exec(header ?? '') ?? []
  const text = rest.trim()
  const key = scheme.toLowerCase() === 'basic' ? userNameIn(text) : text
  if (key === '') throw new DomainError('unauthenticated', 'no API key as Basic user name or Bearer token')
  return key
}

/** Without a colon the whole text is the key; a password is ignored. Empty when it cannot be decoded. */
function userNameIn(base64: string): string {
  const digits = base64.replace(/={1,2}$/, '')
  if (!/^[A-Za-z0-9+/]+$/.test(digits) || digits.length % 4 === 1) return ''
  try {
    return (decoder.decode(Buffer.from(digits, 'base64')).split(':', 1)[0] ?? '').trim()
  } catch {
    return ''
  }
}

function inactive(reason: string): DomainError {
  return refusal('keyInactive', 'forbidden', reason)
}

// Request to caller: contract section 2. The prefix of the key says whether a route takes it, the key itself the app and
// the environment; a member token says who asks on the client API.

import type { FastifyRequest } from 'fastify'
import type { Context } from '../../platform/context.ts'
import { type Credential, isUsable } from '../../platform/credentials/credential.ts'
import * as credentials from '../../platform/credentials/credentials.ts'
import type { DomainError } from '../../platform/errors.ts'
import { whenThere } from '../../platform/web/at-once.ts'
import type { App } from './apps.store.ts'
import * as apps from './apps.store.ts'
import { refusal } from './errors.ts'
import { KEY, type KeyKind } from './keys.ts'
import { type AppPrincipal, type Environment, VENDOR } from './realm.ts'
import * as tokens from './tokens.ts'

/** Who asks, by a key of an app. */
export interface Caller {
  principal: AppPrincipal
  app: App
  credentialId: string
}

interface OpenedKey {
  credential: Credential
  app: App
}

/** Throws secretKeyMalformed and secretKeyUnknown, or publicKeyMalformed and publicKeyUnknown. */
export function authenticate(ctx: Context, request: FastifyRequest, kind: KeyKind): Caller | Promise<Caller> {
  const key = keyIn(request)
  if (key === undefined || !KEY.test(key) || !key.startsWith(kind === 'secret' ? 'sk_' : 'pk_')) {
    throw refused(kind, 'Malformed', 'the key is missing or malformed, or of the other kind')
  }
  const opened = ctx.lookups.get(`memberstack-key:${ctx.vault.memoryHash(key)}`, () => open(ctx, key))
  return whenThere(opened, found => {
    if (found && isUsable(ctx, found.credential)) return admit(ctx, request, found)
    const reason = found ? `key ${found.credential.fingerprint} is disabled or expired` : 'unknown key'
    return whenThere(found && credentials.lookInVain(ctx, key), () => {
      throw refused(kind, 'Unknown', reason)
    })
  })
}

export function keyIn(request: FastifyRequest): string | undefined {
  const header = request.headers['x-api-key']
  return typeof header === 'string' ? header.trim() : undefined
}

async function open(ctx: Context, key: string): Promise<OpenedKey | undefined> {
  const credential = await credentials.find(ctx, key)
  if (credential?.vendor !== VENDOR) return undefined
  const app = await apps.find(ctx, credential.tenant)
  return app && { credential, app }
}

function admit(ctx: Context, request: FastifyRequest, { credential, app }: OpenedKey): Caller {
  ctx.usage.note(credential.id)
  return {
    principal: {
      vendor: VENDOR,
      tenant: credential.tenant,
      environment: credential.mode.split(':')[1] as Environment,
      actor: `key:${credential.id}`,
      requestId: request.id,
    },
    app,
    credentialId: credential.id,
  }
}

/** The bearer token of a request, whatever it is; undefined when there is none. */
export function bearerIn(request: FastifyRequest): string | undefined {
  return /^\s*bearer\s+(\S+)\s*$/i.exec(request.headers.authorization ?? '')?.[1]
}

/** The token's claims, of the caller's app and environment. Throws loginRequired (none) and memberTokenInvalid. */
export async function requireMember(
  ctx: Context,
  request: FastifyRequest,
  { principal }: Caller,
): Promise<tokens.TokenClaims> {
  if ((request.headers.authorization ?? '').trim() === '') {
    throw refusal('loginRequired', 'unauthenticated', 'no member token')
  }
  const token = bearerIn(request)
  const claims = token === undefined ? undefined : await tokens.verifyLiving(ctx, principal, token)
  if (!claims) throw refusal('memberTokenInvalid', 'unauthenticated', 'the member token is bad, late or ended')
  return claims
}

function refused(kind: KeyKind, what: 'Malformed' | 'Unknown', reason: string): DomainError {
  return refusal(kind === 'secret' ? `secretKey${what}` : `publicKey${what}`, 'unauthenticated', reason)
}

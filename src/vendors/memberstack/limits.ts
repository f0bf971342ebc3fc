// Rate limits: contract section 13. Admin as the app says, per address and key by default; the client API a hundred a
// second per address and key; requests without a good key per address.

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../platform/context.ts'
import { DomainError } from '../../platform/errors.ts'
import { whenThere } from '../../platform/web/at-once.ts'
import type { Caller } from './auth.ts'
import type { KeyKind } from './keys.ts'
import { type AppSettings, RATE_LIMIT } from './settings.ts'

const WINDOW_MS = 1000
const CLIENT_PER_SECOND = 100

/** Counts a request, for its environment alone: no two share a limit, contract section 2. Throws `rateLimited`. */
export function limitCaller(
  ctx: Context,
  request: FastifyRequest,
  reply: FastifyReply,
  kind: KeyKind,
  { app, principal, credentialId }: Caller,
): unknown {
  const { perSecond, by } = kind === 'secret' ? app.settings.rateLimit : CLIENT
  const key = by === 'ip' ? request.ip : by === 'key' ? credentialId : `${request.ip}:${credentialId}`
  return take(ctx, reply, `memberstack:${kind}:${principal.tenant}:${principal.environment}:${by}:${key}`, perSecond)
}

/** Counts a request whose key is missing or no good. Throws `rateLimited`. */
export function limitStranger(ctx: Context, request: FastifyRequest, reply: FastifyReply, kind: KeyKind): unknown {
  const { perSecond } = kind === 'secret' ? RATE_LIMIT : CLIENT
  return take(ctx, reply, `memberstack:${kind}:stranger:${request.ip}`, perSecond)
}

const CLIENT: AppSettings['rateLimit'] = { perSecond: CLIENT_PER_SECOND, by: 'ip+key' }

function take(ctx: Context, reply: FastifyReply, window: string, perSecond: number): unknown {
  return whenThere(ctx.limits.take(window, perSecond, WINDOW_MS), ({ allowed, limit, remaining, resetInMs }) => {
    reply
      .header('ratelimit-limit', limit)
      .header('ratelimit-remaining', remaining)
      // Rounded up: a client that waits for it is never early.
      .header('ratelimit-reset', Math.max(1, Math.ceil(resetInMs / 1000)))
    if (!allowed) throw new DomainError('rateLimited', 'more requests in a second than allowed')
  })
}

// API keys: contract section 7.

import type { FastifyInstance } from 'fastify'
import { type Context, withTransaction } from '../../platform/context.ts'
import * as events from '../../platform/events/events.ts'
import { ownerWithin, visibleUser } from './access.ts'
import type { Caller } from './auth.ts'
import type { Parameters } from './body.ts'
import { missing, wrongType } from './errors.ts'
import { text } from './fields.ts'
import { JSON_TYPE } from './headers.ts'
import { keyTree } from './inline.ts'
import * as keys from './keys.ts'
import type { LargeAnswers } from './large-answers.ts'
import { route } from './route.ts'
import * as schema from './schema.ts'
import { report, reportPagingByNumber } from './traps.ts'
import * as users from './users.store.ts'
import { apiKeyOf } from './wire.ts'

interface ById {
  Params: { id: string }
}

const production = { tag: 'API keys', access: 'production' } as const
const list = { ...production, list: true } as const
const params = schema.ById
const replies = { 200: schema.ApiKey }

export function keyRoutes(ctx: Context, app: FastifyInstance, large: LargeAnswers): void {
  app.get(
    '/api_keys',
    route('List all keys, of every child too', list, {}, { 200: schema.KeyTree }),
    async (request, reply) => {
      const { caller } = request.easypost
      reportPagingByNumber(ctx, request)
      const user = await visibleUser(ctx, caller, caller.userId)
      if (caller.isParent) await large.admit(ctx, user.tenant, reply)
      const { json, keys: shown } = await keyTree(ctx, user)
      await recordListing(ctx, caller, shown)
      if (caller.isParent && (await users.hasMoreChildrenThan(ctx, user.tenant, 0)))
        report(ctx, request, 'all-child-keys-exposed')
      return reply.type(JSON_TYPE).send(json)
    },
  )
  app.post(
    '/api_keys',
    route('Make a key for the own user', production, { body: schema.NewKeyBody }, { 201: schema.ApiKey }),
    async (request, reply) => {
      const { caller, parameters } = request.easypost
      const made = await keys.create(ctx, caller.principal, caller.userId, { mode: modeIn(parameters) })
      reply.code(201)
      return apiKeyOf(made.credential, made.key)
    },
  )
  app.post<ById>('/api_keys/:id/enable', route('Enable a key', production, { params }, replies), async request => {
    const { caller } = request.easypost
    const { credential, key } = await keys.enable(ctx, caller.principal, ownerWithin(caller), request.params.id)
    return apiKeyOf(credential, key)
  })
  app.post<ById>('/api_keys/:id/disable', route('Disable a key', production, { params }, replies), async request => {
    const { caller } = request.easypost
    const { credential, key } = await keys.disable(ctx, caller.principal, ownerWithin(caller), request.params.id)
    return apiKeyOf(credential, key)
  })
  app.delete<ById>(
    '/api_keys/:id',
    route('Delete a key', production, { params }, { 204: schema.Nothing }),
    async (request, reply) => {
      const { caller } = request.easypost
      await keys.remove(ctx, caller.principal, ownerWithin(caller), request.params.id)
      return reply.code(204).send(null)
    },
  )
}

function modeIn(parameters: Parameters): keys.KeyMode {
  const given = text(parameters, 'mode')
  if (given === undefined || given === null || given === '') throw missing('mode')
  const mode = keys.keyModes.find(candidate => candidate === given)
  if (!mode) throw wrongType('mode', 'must be test or production')
  return mode
}

/** Every secret of a tenant in one answer is worth knowing of. Written before the answer leaves; never on the wire. */
async function recordListing(ctx: Context, { principal, userId, fingerprint }: Caller, shown: number): Promise<void> {
  await withTransaction(ctx, principal, tx =>
    events.record(tx, principal, 'api_keys.listed', userId, { fingerprint, shown }),
  )
}

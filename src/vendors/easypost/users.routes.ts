// Users and their brand: contract sections 3 to 5, 8 and 9.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../platform/context.ts'
import { requireOther, requireParent, requirePayer, visibleUser } from './access.ts'
import { unwrapped } from './body.ts'
import * as brands from './brands.ts'
import { JSON_TYPE } from './headers.ts'
import { recordWithChildren } from './inline.ts'
import type { LargeAnswers } from './large-answers.ts'
import * as removal from './removal.ts'
import { route } from './route.ts'
import * as schema from './schema.ts'
import { report } from './traps.ts'
import { newUserIn, setsRecharge, userChangesIn } from './user-input.ts'
import type { User } from './users.store.ts'
import * as users from './users.ts'
import { apiKeyOf, brandOf, childOf } from './wire.ts'

interface ById {
  Params: { id: string }
}

const UPDATES = ['PUT', 'PATCH']
const production = { tag: 'Users', access: 'production' } as const
const ownInTest = { tag: 'Users', access: 'ownInTest' } as const
const params = schema.ById

export function userRoutes(ctx: Context, app: FastifyInstance, large: LargeAnswers): void {
  app.get('/users', route('Read the own record', ownInTest, {}, { 200: schema.User }), (request, reply) =>
    read(ctx, large, { id: request.easypost.caller.userId, request, reply }),
  )
  app.get<ById>('/users/:id', route('Read a user', ownInTest, { params }, { 200: schema.User }), (request, reply) =>
    read(ctx, large, { id: request.params.id, request, reply }),
  )
  app.post(
    '/users',
    route('Create a child', production, { body: schema.NewUserBody }, { 201: schema.NewChild }),
    async (request, reply) => {
      const { caller, parameters } = request.easypost
      requireParent(caller)
      const { user, keys } = await users.createChild(ctx, caller.principal, newUserIn(unwrapped(parameters, 'user')))
      reportSharedBilling(ctx, request, user)
      reply.code(201)
      return { ...childOf(user), api_keys: keys.map(({ credential, key }) => apiKeyOf(credential, key)) }
    },
  )
  app.route({
    method: UPDATES,
    url: '/users',
    ...route('Update the own record', production, { body: schema.UserBody }, { 200: schema.User }),
    handler: (request, reply) => update(ctx, large, { id: request.easypost.caller.userId, request, reply }),
  })
  app.route<ById>({
    method: UPDATES,
    url: '/users/:id',
    ...route('Update a user', production, { params, body: schema.UserBody }, { 200: schema.User }),
    handler: (request, reply) => update(ctx, large, { id: request.params.id, request, reply }),
  })
  app.delete<ById>(
    '/users/:id',
    route('Delete a child', production, { params }, { 204: schema.Nothing }),
    async (request, reply) => {
      const { caller } = request.easypost
      const user = await visibleUser(ctx, caller, request.params.id)
      requireOther(caller, user)
      await removal.remove(ctx, caller.principal, user.id)
      report(ctx, request, 'permanent-delete')
      return reply.code(204).send(null)
    },
  )
  app.route<ById>({
    method: UPDATES,
    url: '/users/:id/brand',
    ...route('Update the brand', production, { params, body: schema.BrandBody }, { 200: schema.Brand }),
    handler: async request => {
      const { caller, parameters } = request.easypost
      const user = await visibleUser(ctx, caller, request.params.id)
      const changes = brands.brandChangesIn(unwrapped(parameters, 'brand'))
      return brandOf(await brands.update(ctx, caller.principal, user.id, changes), user)
    },
  })
}

interface ToUser {
  id: string
  request: FastifyRequest
  reply: FastifyReply
}

async function read(ctx: Context, large: LargeAnswers, { id, request, reply }: ToUser): Promise<unknown> {
  const user = await visibleUser(ctx, request.easypost.caller, id)
  if (holdsChildren(request, user)) await large.admit(ctx, user.tenant, reply)
  return answer(ctx, request, reply, user)
}

async function update(ctx: Context, large: LargeAnswers, { id, request, reply }: ToUser): Promise<unknown> {
  const { caller, parameters } = request.easypost
  const user = await visibleUser(ctx, caller, id)
  const fields = unwrapped(parameters, 'user')
  if (setsRecharge(fields)) requirePayer(caller)
  const changes = userChangesIn(fields)
  // Before the change: a refused request changes nothing.
  if (holdsChildren(request, user)) await large.admit(ctx, user.tenant, reply)
  const updated = await users.update(ctx, caller.principal, user.id, changes)
  reportSharedBilling(ctx, request, updated)
  return answer(ctx, request, reply, updated)
}

/** A child as it is; a parent with all its children, but none for a test key: contract section 2. */
async function answer(ctx: Context, request: FastifyRequest, reply: FastifyReply, user: User): Promise<unknown> {
  const record = await users.recordOf(ctx, user)
  if (user.parentId !== null) return record
  if (!holdsChildren(request, user)) return { ...record, children: [] }
  return reply.type(JSON_TYPE).send(await recordWithChildren(ctx, record, user.tenant))
}

function holdsChildren(request: FastifyRequest, user: User): boolean {
  return user.parentId === null && request.easypost.caller.mode === 'production'
}

function reportSharedBilling(ctx: Context, request: FastifyRequest, user: User): void {
  if (user.parentId === null) return
  if (user.rechargeAmount === null || user.rechargeThreshold === null) report(ctx, request, 'shared-billing')
}

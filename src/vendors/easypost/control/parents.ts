import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from 'typebox'
import type { Context } from '../../../platform/context.ts'
import { keyOf } from '../../../platform/credentials/wire.ts'
import { ListQuery, listOf, listReply, pageQuery } from '../../../platform/web/list-query.ts'
import * as keys from '../keys.ts'
import * as parents from '../parents.ts'
import * as users from '../users.ts'
import { operatorOf, tenantOf } from './principal.ts'
import * as schema from './schema.ts'

const List = Type.Object(ListQuery)
const ByParent = Type.Object({ parent: Type.String() })

/** Parents: the tenants, which the vendor's own API never makes. */
export function parentRoutes(ctx: Context): FastifyPluginAsyncTypebox {
  return async app => {
    const tags = ['Parents']
    app.get(
      '/parents',
      { schema: { tags, summary: 'List parents', querystring: List, response: { 200: listOf(schema.Parent) } } },
      async request => listReply(await parents.list(ctx, pageQuery(request.query)), schema.parentOf),
    )
    app.post(
      '/parents',
      {
        config: { controlScope: 'admin' },
        schema: {
          tags,
          summary: 'Create a parent',
          description: 'With a test and a production key, in this order.',
          body: schema.NewParent,
          response: { 201: schema.MadeParent },
        },
      },
      async (request, reply) => {
        const { rateLimit, ...input } = request.body
        const made = await parents.create(ctx, operatorOf(request), { ...input, ...rateLimit })
        return reply.code(201).send({ parent: schema.parentOf(made), keys: made.keys.map(key => madeKeyOf(ctx, key)) })
      },
    )
    app.get(
      '/parents/:parent',
      { schema: { tags, summary: 'Read a parent', params: ByParent, response: { 200: schema.Parent } } },
      async request => schema.parentOf(await parents.get(ctx, request.params.parent)),
    )
    app.patch(
      '/parents/:parent',
      {
        schema: {
          tags,
          summary: 'Change a parent: record, balance, limits',
          description: 'What is left out stays; null clears.',
          params: ByParent,
          body: schema.ParentChange,
          response: { 200: schema.Parent },
        },
      },
      async request => {
        const { rateLimit, ...changes } = request.body
        const { parent } = request.params
        return schema.parentOf(await parents.update(ctx, operatorOf(request), parent, { ...changes, ...rateLimit }))
      },
    )
    app.post(
      '/parents/:parent/keys',
      {
        config: { controlScope: 'admin' },
        schema: {
          tags,
          summary: 'Make an API key',
          description: 'For the parent or a child, held by a person. All other calls on keys are under /keys.',
          params: ByParent,
          body: schema.NewKey,
          response: { 201: schema.MadeKey },
        },
      },
      async (request, reply) => {
        const { parent } = request.params
        const { user, ...input } = request.body
        const owner = await users.get(ctx, parent, user ?? parent)
        return reply.code(201).send(madeKeyOf(ctx, await keys.create(ctx, tenantOf(request, parent), owner.id, input)))
      },
    )
  }
}

function madeKeyOf(ctx: Context, { credential, key }: keys.ShownKey): Static<typeof schema.MadeKey> {
  return { key: keyOf(ctx, credential), apiKey: key }
}

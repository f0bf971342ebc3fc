import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Context } from '../../../platform/context.ts'
import { ListQuery, listOf, listReply, pageQuery } from '../../../platform/web/list-query.ts'
import * as apps from '../apps.ts'
import { operatorOf } from './principal.ts'
import * as schema from './schema.ts'

const List = Type.Object(ListQuery)
const ById = Type.Object({ id: Type.String() })

export function appRoutes(ctx: Context): FastifyPluginAsyncTypebox {
  return async app => {
    const tags = ['OAuth apps']
    const config = { controlScope: 'admin' } as const
    app.get(
      '/apps',
      { schema: { tags, summary: 'List OAuth apps', querystring: List, response: { 200: listOf(schema.App) } } },
      async request => listReply(await apps.list(ctx, pageQuery(request.query)), item => item),
    )
    app.post(
      '/apps',
      {
        config,
        schema: { tags, summary: 'Register an OAuth app', body: schema.NewApp, response: { 201: schema.MadeApp } },
      },
      async (request, reply) => reply.code(201).send(await apps.create(ctx, operatorOf(request), request.body)),
    )
    app.get(
      '/apps/:id',
      { schema: { tags, summary: 'Read an OAuth app', params: ById, response: { 200: schema.App } } },
      async request => apps.get(ctx, request.params.id),
    )
    app.patch(
      '/apps/:id',
      {
        config,
        schema: {
          tags,
          summary: 'Change an OAuth app',
          description: 'Losing `partner` ends all its grants.',
          params: ById,
          body: schema.AppChange,
          response: { 200: schema.App },
        },
      },
      async request => apps.update(ctx, operatorOf(request), request.params.id, request.body),
    )
    app.post(
      '/apps/:id/rotate-secret',
      {
        config,
        schema: {
          tags,
          summary: 'Make a new client secret; the old one ends',
          params: ById,
          response: { 200: schema.MadeApp },
        },
      },
      async request => apps.rotateSecret(ctx, operatorOf(request), request.params.id),
    )
    app.delete(
      '/apps/:id',
      {
        config,
        schema: {
          tags,
          summary: 'Remove an OAuth app and end its grants',
          params: ById,
          response: { 204: schema.Empty },
        },
      },
      async (request, reply) => {
        await apps.remove(ctx, operatorOf(request), request.params.id)
        return reply.code(204).send(null)
      },
    )
  }
}

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Context } from '../../../platform/context.ts'
import { listOf } from '../../../platform/web/list-query.ts'
import * as organizations from '../organizations.ts'
import * as roleStore from '../roles.store.ts'
import * as roles from '../roles.ts'
import { tenantOf } from './principal.ts'
import * as schema from './schema.ts'

const Org = Type.Object({ organization: Type.String() })
const ByCode = Type.Object({ organization: Type.String(), code: Type.String() })

export function roleRoutes(ctx: Context): FastifyPluginAsyncTypebox {
  return async app => {
    const tags = ['Roles']
    app.get(
      '/organizations/:organization/roles',
      { schema: { tags, summary: 'List roles', params: Org, response: { 200: listOf(schema.Role) } } },
      async request => {
        const { id } = await organizations.get(ctx, request.params.organization)
        return { data: await roleStore.list(ctx, id), next: null }
      },
    )
    app.post(
      '/organizations/:organization/roles',
      {
        schema: {
          tags,
          summary: 'Make a custom role',
          params: Org,
          body: schema.NewRole,
          response: { 201: schema.Role },
        },
      },
      async (request, reply) => {
        const { id } = await organizations.get(ctx, request.params.organization)
        return reply.code(201).send(await roles.create(ctx, tenantOf(request, id), request.body))
      },
    )
    app.patch(
      '/organizations/:organization/roles/:code',
      {
        schema: {
          tags,
          summary: 'Rename a role',
          params: ByCode,
          body: schema.RoleChange,
          response: { 200: schema.Role },
        },
      },
      async request => {
        const { organization, code } = request.params
        return roles.rename(ctx, tenantOf(request, organization), code, request.body.name)
      },
    )
    app.delete(
      '/organizations/:organization/roles/:code',
      { schema: { tags, summary: 'Remove a role that nobody has', params: ByCode, response: { 204: schema.Empty } } },
      async (request, reply) => {
        await roles.remove(ctx, tenantOf(request, request.params.organization), request.params.code)
        return reply.code(204).send(null)
      },
    )
  }
}

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Context } from '../../../platform/context.ts'
import { ListQuery, listOf, listReply, pageQuery } from '../../../platform/web/list-query.ts'
import * as grants from '../grants.ts'
import * as organizations from '../organizations.ts'
import { tenantOf } from './principal.ts'
import * as schema from './schema.ts'

const Org = Type.Object({ organization: Type.String() })
const OrgId = Type.Object({ organization: Type.String(), id: Type.String() })

/** What members allowed apps to do. */
export function grantRoutes(ctx: Context): FastifyPluginAsyncTypebox {
  return async app => {
    const tags = ['OAuth apps']
    app.get(
      '/organizations/:organization/grants',
      {
        schema: {
          tags,
          summary: 'List what members allowed apps to do, ended grants included',
          params: Org,
          querystring: Type.Object(ListQuery),
          response: { 200: listOf(schema.Grant) },
        },
      },
      async request => {
        const { id } = await organizations.get(ctx, request.params.organization)
        return listReply(await grants.list(ctx, tenantOf(request, id), pageQuery(request.query)), grant => grant)
      },
    )
    app.delete(
      '/organizations/:organization/grants/:id',
      { schema: { tags, summary: 'End a grant for good', params: OrgId, response: { 204: schema.Empty } } },
      async (request, reply) => {
        await grants.end(ctx, tenantOf(request, request.params.organization), request.params.id)
        return reply.code(204).send(null)
      },
    )
  }
}

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Context } from '../../../platform/context.ts'
import { keyOf } from '../../../platform/credentials/wire.ts'
import { ListQuery, listOf, listReply, pageQuery } from '../../../platform/web/list-query.ts'
import * as keys from '../keys.ts'
import * as organizations from '../organizations.ts'
import { operatorOf, tenantOf } from './principal.ts'
import * as schema from './schema.ts'

const List = Type.Object(ListQuery)
const Org = Type.Object({ organization: Type.String() })

export function organizationRoutes(ctx: Context): FastifyPluginAsyncTypebox {
  return async app => {
    const tags = ['Organizations']
    app.get(
      '/organizations',
      {
        schema: {
          tags,
          summary: 'List organizations',
          querystring: List,
          response: { 200: listOf(schema.Organization) },
        },
      },
      async request => listReply(await organizations.list(ctx, pageQuery(request.query)), item => item),
    )
    app.post(
      '/organizations',
      {
        schema: {
          tags,
          summary: 'Create an organization',
          body: schema.NewOrganization,
          response: { 201: schema.Organization },
        },
      },
      async (request, reply) =>
        reply.code(201).send(await organizations.create(ctx, operatorOf(request), request.body)),
    )
    app.get(
      '/organizations/:organization',
      { schema: { tags, summary: 'Read an organization', params: Org, response: { 200: schema.Organization } } },
      async request => organizations.get(ctx, request.params.organization),
    )
    app.patch(
      '/organizations/:organization',
      {
        schema: {
          tags,
          summary: 'Change settings',
          params: Org,
          body: schema.OrganizationChange,
          response: { 200: schema.Organization },
        },
      },
      async request => organizations.update(ctx, operatorOf(request), request.params.organization, request.body),
    )
    app.post(
      '/organizations/:organization/keys',
      {
        config: { controlScope: 'admin' },
        schema: {
          tags,
          summary: 'Make an API key',
          description: 'The key is shown in this answer and never again. All other calls on keys are under /keys.',
          params: Org,
          body: schema.NewKey,
          response: { 201: schema.MadeKey },
        },
      },
      async (request, reply) => {
        const made = await keys.create(ctx, tenantOf(request, request.params.organization), request.body)
        return reply.code(201).send({
          key: keyOf(ctx, made.credential),
          apiKey: made.key,
          ...(made.secret === undefined ? {} : { apiSecret: made.secret }),
        })
      },
    )
  }
}

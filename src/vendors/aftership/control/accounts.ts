import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Context } from '../../../platform/context.ts'
import { ListQuery, listOf, listReply, pageQuery } from '../../../platform/web/list-query.ts'
import * as accounts from '../accounts.ts'
import { operatorOf } from './principal.ts'
import * as schema from './schema.ts'

const ById = Type.Object({ id: Type.String() })

export function accountRoutes(ctx: Context): FastifyPluginAsyncTypebox {
  return async app => {
    const tags = ['Accounts']
    app.get(
      '/accounts',
      {
        schema: {
          tags,
          summary: 'List registered accounts, or the one with an email',
          querystring: Type.Object({ ...ListQuery, email: Type.Optional(Type.String()) }),
          response: { 200: listOf(schema.Account) },
        },
      },
      async request => listReply(await accounts.list(ctx, request.query.email, pageQuery(request.query)), item => item),
    )
    app.post(
      '/accounts',
      { schema: { tags, summary: 'Register an account', body: schema.NewAccount, response: { 201: schema.Account } } },
      async (request, reply) => reply.code(201).send(await accounts.create(ctx, operatorOf(request), request.body)),
    )
    app.get(
      '/accounts/:id',
      { schema: { tags, summary: 'Read an account', params: ById, response: { 200: schema.Account } } },
      async request => accounts.get(ctx, request.params.id),
    )
    app.patch(
      '/accounts/:id',
      {
        schema: {
          tags,
          summary: 'Say whether the email is verified',
          params: ById,
          body: schema.AccountChange,
          response: { 200: schema.Account },
        },
      },
      async request => accounts.update(ctx, operatorOf(request), request.params.id, request.body),
    )
  }
}

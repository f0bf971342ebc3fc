import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Context } from '../../platform/context.ts'
import * as credentials from '../../platform/credentials/credentials.ts'
import * as disabling from '../../platform/credentials/disabling.ts'
import { Key, keyOf } from '../../platform/credentials/wire.ts'
import { EMAIL_MAX, EMAIL_PATTERN } from '../../platform/email.ts'
import { DomainError } from '../../platform/errors.ts'
import { ListQuery, listOf, listReply, pageQuery } from '../../platform/web/list-query.ts'
import type { Vendor } from '../../vendors/vendor.ts'

const Email = Type.String({ pattern: EMAIL_PATTERN, maxLength: EMAIL_MAX })
const Time = Type.String({
  pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$',
  description: 'UTC, ISO 8601 with milliseconds.',
})
const ById = Type.Object({ id: Type.String() })

/** Keys and tokens of every vendor: who holds them, when they were last used, and off with them. */
export function keyRoutes(ctx: Context, vendors: readonly Vendor[]): FastifyPluginAsyncTypebox {
  return async app => {
    const tags = ['Keys']
    /** The key's vendor, when this caller may change the key: a control token only with scope `admin`. */
    const changeable = async ({ params, operatorScope }: FastifyRequest<{ Params: { id: string } }>) => {
      const { vendor } = await credentials.get(ctx, params.id)
      if (vendor === 'understudy' && operatorScope !== 'admin') {
        throw new DomainError('forbidden', 'control tokens are changed with a token of scope admin')
      }
      return vendor
    }
    /** What its vendor's events call such a key. */
    const nounOf = (name: string) => vendors.find(vendor => vendor.name === name)?.keyNoun
    const Filter = {
      vendor: Type.Optional(Type.String()),
      tenant: Type.Optional(Type.String()),
      holder: Type.Optional(Type.String({ description: "The holder's email." })),
      createdBefore: Type.Optional(Time),
      unusedSince: Type.Optional(Time),
    }
    app.get(
      '/keys',
      {
        schema: {
          tags,
          summary: 'List keys, never their secrets',
          querystring: Type.Object({ ...ListQuery, ...Filter }),
          response: { 200: listOf(Key) },
        },
      },
      async request => {
        const { limit: _limit, after: _after, ...filter } = request.query
        return listReply(await credentials.list(ctx, filter, pageQuery(request.query)), key => keyOf(ctx, key))
      },
    )
    app.get(
      '/keys/:id',
      { schema: { tags, summary: 'Read a key', params: ById, response: { 200: Key } } },
      async request => keyOf(ctx, await credentials.get(ctx, request.params.id)),
    )
    app.put(
      '/keys/:id/holder',
      {
        schema: {
          tags,
          summary: 'Say who holds a key',
          params: ById,
          body: Type.Object({ holder: Type.Union([Email, Type.Null()]) }, { additionalProperties: false }),
          response: { 200: Key },
        },
      },
      async request => {
        await changeable(request)
        return keyOf(ctx, await credentials.setHolder(ctx, request.operator, request.params.id, request.body.holder))
      },
    )
    app.post(
      '/keys/:id/disable',
      { schema: { tags, summary: 'Disable a key from its next use on', params: ById, response: { 200: Key } } },
      async request => {
        const noun = nounOf(await changeable(request))
        return keyOf(ctx, await disabling.disable(ctx, request.operator, request.params.id, noun))
      },
    )
    app.post(
      '/keys/:id/enable',
      {
        config: { controlScope: 'admin' },
        schema: { tags, summary: 'Enable a key again', params: ById, response: { 200: Key } },
      },
      async request => {
        const noun = nounOf(await changeable(request))
        return keyOf(ctx, await disabling.enable(ctx, request.operator, request.params.id, noun))
      },
    )
    app.delete(
      '/keys/:id',
      { schema: { tags, summary: 'Remove a key for good', params: ById, response: { 204: Type.Null() } } },
      async (request, reply) => {
        const noun = nounOf(await changeable(request))
        await credentials.remove(ctx, request.operator, request.params.id, noun)
        return reply.code(204).send(null)
      },
    )
  }
}

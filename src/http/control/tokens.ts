import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Context } from '../../platform/context.ts'
import { createControlToken } from '../../platform/credentials/control-tokens.ts'
import { Key, keyOf } from '../../platform/credentials/wire.ts'

const NewToken = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 255 }),
    scope: Type.Enum(['read', 'write', 'admin']),
    holder: Type.Optional(Type.String({ maxLength: 254 })),
  },
  { additionalProperties: false },
)

/** Tokens for the control API itself. Listed, disabled and removed like every key: `/keys?vendor=understudy`. */
export function tokenRoutes(ctx: Context): FastifyPluginAsyncTypebox {
  return async app => {
    app.post(
      '/tokens',
      {
        config: { controlScope: 'admin' },
        schema: {
          tags: ['Tokens'],
          summary: 'Make a control token',
          description: 'The token is shown in this answer and never again.',
          body: NewToken,
          response: { 201: Type.Object({ key: Key, token: Type.String() }) },
        },
      },
      async (request, reply) => {
        const { credential, token } = await createControlToken(ctx, request.operator, request.body)
        return reply.code(201).send({ key: keyOf(ctx, credential), token })
      },
    )
  }
}

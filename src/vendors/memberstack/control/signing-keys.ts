import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Context } from '../../../platform/context.ts'
import * as signingKeys from '../signing-keys.ts'
import { operatorOf } from './principal.ts'
import { SigningKey } from './schema.ts'

/** The key that signs member tokens: the server's, not an app's. */
export function signingKeyRoutes(ctx: Context): FastifyPluginAsyncTypebox {
  return async app => {
    app.post(
      '/signing-keys/rotate',
      {
        config: { controlScope: 'admin' },
        schema: {
          tags: ['Signing keys'],
          summary: 'Sign member tokens with a new key',
          description: 'Tokens of the old one stay valid until they expire; /jwks lists both meanwhile.',
          response: { 200: SigningKey },
        },
      },
      async request => ({ kid: await signingKeys.rotate(ctx, operatorOf(request)) }),
    )
  }
}

// Where everything is mounted: at the root, as the vendor has it. Contract sections 1, 3, 9 and 10.

import type { FastifyInstance, FastifyPluginAsync } from 'fastify'
import type { Context } from '../../platform/context.ts'
import { ADMIN_PATH, adminRoutes } from './admin.routes.ts'
import { appRoutes } from './client/app.routes.ts'
import { authRoutes } from './client/auth.routes.ts'
import { allowOrigins, answerPreflights } from './client/cors.ts'
import { memberRoutes } from './client/member.routes.ts'
import { KeySet, signedBy } from './schema.ts'
import { refuseTheRest, setUpScope } from './scope.ts'
import * as signingKeys from './signing-keys.ts'

/** What the client API answers for, what is out of its scope included: contract section 10. */
const CLIENT_PATHS = [
  '/auth',
  '/member',
  '/member-auth',
  '/app',
  '/app-member',
  '/page-view',
  '/event',
  '/comments',
  '/payment',
  '/auth-provider',
  '/secure-content',
  '/v1/data-tables',
  '/v1/data-records',
  '/v2/data-tables',
]
const KEY_SET_PATHS = ['/jwks', '/.well-known/jwks.json']

export const PATHS = [ADMIN_PATH, ...CLIENT_PATHS, ...KEY_SET_PATHS]

export function memberstackApi(ctx: Context): FastifyPluginAsync {
  return async app => {
    await app.register(async scope => {
      setUpScope(ctx, scope, 'secret')
      adminRoutes(ctx, scope)
      refuseTheRest(ctx, scope, [ADMIN_PATH])
    })
    await app.register(async scope => {
      allowOrigins(scope)
      setUpScope(ctx, scope, 'public')
      authRoutes(ctx, scope)
      memberRoutes(ctx, scope)
      appRoutes(ctx, scope)
      answerPreflights(scope, CLIENT_PATHS)
      refuseTheRest(ctx, scope, CLIENT_PATHS)
    })
    await app.register(async scope => {
      setUpScope(ctx, scope, 'public')
      keySetRoutes(ctx, scope)
      refuseTheRest(ctx, scope, KEY_SET_PATHS)
    })
  }
}

/** The public halves of the signing keys: no key is needed, and any page may read them. */
function keySetRoutes(ctx: Context, app: FastifyInstance): void {
  const schema = {
    tags: ['Tokens'],
    summary: 'The key set that verifies member tokens',
    security: signedBy.nobody,
    response: { 200: KeySet },
  }
  for (const url of KEY_SET_PATHS) {
    app.get(url, { schema }, (_, reply) => {
      reply.headers({ 'access-control-allow-origin': '*', 'cache-control': 'public, max-age=60' })
      return signingKeys.keySet(ctx)
    })
  }
}

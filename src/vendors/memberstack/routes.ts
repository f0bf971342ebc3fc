// Where everything is mounted: at the root, as the vendor has it. Contract sections 1, 3, 9 and 10.

import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../platform/context.ts'
import { DomainError } from '../../platform/errors.ts'
import { ADMIN_PATH, adminRoutes } from './admin.routes.ts'
import { appRoutes } from './client/app.routes.ts'
import { authRoutes } from './client/auth.routes.ts'
import { allowOrigin, allowOrigins, answerPreflights } from './client/cors.ts'
import { memberRoutes } from './client/member.routes.ts'
import { KeySet, signedBy } from './schema.ts'
import { setUpScope } from './scope.ts'
import * as signingKeys from './signing-keys.ts'
import { hasRawEmail, report } from './traps.ts'

const TABLES = '/v2/data-tables'
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
  TABLES,
]
const KEY_SET_PATHS = ['/jwks', '/.well-known/jwks.json']

export const PATHS = [ADMIN_PATH, ...CLIENT_PATHS, ...KEY_SET_PATHS]

export function memberstackApi(ctx: Context): FastifyPluginAsync {
  return async app => {
    await app.register(async scope => {
      setUpScope(ctx, scope, 'secret')
      adminRoutes(ctx, scope)
    })
    await app.register(async scope => {
      allowOrigins(scope)
      setUpScope(ctx, scope, 'public')
      authRoutes(ctx, scope)
      memberRoutes(ctx, scope)
      appRoutes(ctx, scope)
      answerPreflights(scope, CLIENT_PATHS)
      await refuseTables(scope)
    })
    await app.register(async scope => {
      setUpScope(ctx, scope, 'public')
      keySetRoutes(ctx, scope)
    })
  }
}

/** Below another vendor's prefix, whose 404 it would be: the only path out of scope that needs one of its own. */
async function refuseTables(app: FastifyInstance): Promise<void> {
  await app.register(
    async tables =>
      tables.setNotFoundHandler(async () => {
        throw new DomainError('notFound', 'no such route')
      }),
    { prefix: TABLES },
  )
}

/** Pages can read what a path of theirs answers even where there is nothing; an email may be why there is nothing. */
export function seeUnknown(ctx: Context, request: FastifyRequest, reply: FastifyReply): void {
  const [path = ''] = request.url.split('?', 1)
  if (CLIENT_PATHS.some(known => path === known || path.startsWith(`${known}/`))) allowOrigin(request, reply)
  if (hasRawEmail(request)) report(ctx, request, 'unencoded-email')
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

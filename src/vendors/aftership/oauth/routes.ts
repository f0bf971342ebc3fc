// The OAuth endpoints: contract section 8. People get pages and redirects, clients get JSON.

import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../../platform/context.ts'
import { DomainError, toDomainError } from '../../../platform/errors.ts'
import { readRawBody } from '../../../platform/web/raw-body.ts'
import { noteRefusal } from '../../../platform/web/refusal.ts'
import type { App } from '../apps.store.ts'
import { formTokenOf, knownBrowser, requireFormToken, setBrowser } from './browser.ts'
import { clientCredentials } from './client.ts'
import { AuthorizationRefused, oauthError, tokenAnswerOf } from './errors.ts'
import * as oauth from './flow.ts'
import * as pages from './pages.ts'
import { OAUTH_PATH } from './pages.ts'
import * as authorization from './request.ts'
import { ACCESS_LIFE_SECONDS } from './secrets.ts'
import * as signIn from './sign-in.ts'

const REQUESTS_PER_SECOND = 20
const FORM_TYPE = /^application\/x-www-form-urlencoded\s*(;|$)/i
const hide = { schema: { hide: true } }

interface ByToken {
  Params: { token: string }
}

/** Mounted at the root: the paths are the whole ones. */
export function oauthRoutes(ctx: Context): FastifyPluginAsync {
  return async app => {
    app.addHook('onRequest', async request => {
      if (request.method === 'POST') await limitRate(ctx, request)
      await readRawBody(request)
    })
    await app.register(pageRoutes(ctx))
    await app.register(clientRoutes(ctx))
  }
}

function pageRoutes(ctx: Context): FastifyPluginAsync {
  return async app => {
    app.setErrorHandler((error, request, reply) => sendPageError(error, request, reply))

    app.get(`${OAUTH_PATH}/authorize`, hide, async (request, reply) => {
      const asked = await authorization.read(ctx, queryOf(request))
      const browser = knownBrowser(ctx, request, reply)
      const account = await signIn.findSession(ctx, browser)
      if (!account) return pages.sendSignInPage(reply, asked, formTokenOf(ctx, browser))
      const organizations = await oauth.listOrganizations(ctx, account.id)
      return pages.sendConsentPage(reply, asked, { email: account.email, organizations }, formTokenOf(ctx, browser))
    })

    app.post(`${OAUTH_PATH}/authorize`, hide, async (request, reply) => {
      const form = pageFormOf(request)
      const browser = requireFormToken(ctx, request, form)
      const asked = await authorization.read(ctx, form.get('request') ?? '')
      const account = await signIn.findSession(ctx, browser)
      // Too slow: sign in again, the request goes along.
      if (!account) return redirect(reply, 303, `${OAUTH_PATH}/authorize?${authorization.textOf(asked)}`)
      const decision = form.get('decision')
      if (decision === 'deny') return redirect(reply, 302, oauth.deny(asked))
      if (decision !== 'allow') throw new DomainError('invalid', 'The form holds no decision.')
      const organizationId = form.get('organization') ?? ''
      const consent = { accountId: account.id, organizationId, requestId: request.id }
      return redirect(reply, 302, await oauth.allow(ctx, asked, consent))
    })

    registerSignIn(app, ctx)
  }
}

function registerSignIn(app: FastifyInstance, ctx: Context): void {
  app.post(`${OAUTH_PATH}/sign-in`, hide, async (request, reply) => {
    const form = pageFormOf(request)
    requireFormToken(ctx, request, form)
    const asked = await authorization.read(ctx, form.get('request') ?? '')
    await signIn.requestLink(ctx, asked, form.get('email') ?? '', request.id)
    return pages.sendLinkSentPage(reply)
  })

  // Changes nothing: mail scanners follow links.
  app.get<ByToken>(`${OAUTH_PATH}/sign-in/:token`, hide, async (request, reply) => {
    const link = await signIn.openLink(ctx, request.params.token)
    const asked = await authorization.read(ctx, link.request)
    const formToken = formTokenOf(ctx, knownBrowser(ctx, request, reply))
    return pages.sendLinkPage(reply, asked, link.account.email, formToken)
  })

  app.post<ByToken>(`${OAUTH_PATH}/sign-in/:token`, hide, async (request, reply) => {
    requireFormToken(ctx, request, pageFormOf(request))
    const { session, request: asked } = await signIn.signIn(ctx, request.params.token, request.id)
    setBrowser(ctx, reply, session)
    return redirect(reply, 303, `${OAUTH_PATH}/authorize?${asked}`)
  })
}

function clientRoutes(ctx: Context): FastifyPluginAsync {
  return async app => {
    app.setErrorHandler((error, request, reply) => sendTokenError(error, request, reply))

    app.post(
      `${OAUTH_PATH}/token`,
      { schema: { tags: ['OAuth'], summary: 'Tokens for a code or a refresh token (RFC 6749)' } },
      async (request, reply) => {
        const form = clientFormOf(request)
        const client = await clientOf(ctx, request, form)
        const tokens = await tokensFor(ctx, client, form, request.id)
        return reply.headers({ 'cache-control': 'no-store', pragma: 'no-cache' }).send({
          access_token: tokens.accessToken,
          token_type: 'Bearer',
          expires_in: ACCESS_LIFE_SECONDS,
          refresh_token: tokens.refreshToken,
          scope: tokens.scopes.join(' '),
        })
      },
    )

    app.post(
      `${OAUTH_PATH}/revoke`,
      { schema: { tags: ['OAuth'], summary: 'End the grant of a token (RFC 7009)' } },
      async (request, reply) => {
        const form = clientFormOf(request)
        const client = await clientOf(ctx, request, form)
        await oauth.revoke(ctx, client, needed(form, 'token'), request.id)
        return reply.code(200).header('cache-control', 'no-store').send()
      },
    )
  }
}

function tokensFor(
  ctx: Context,
  client: App,
  form: ReadonlyMap<string, string>,
  requestId: string,
): Promise<oauth.Tokens> {
  switch (needed(form, 'grant_type')) {
    case 'authorization_code': {
      const code = needed(form, 'code')
      const redirectUri = needed(form, 'redirect_uri')
      const codeVerifier = needed(form, 'code_verifier')
      return oauth.exchange(ctx, client, { code, redirectUri, codeVerifier }, requestId)
    }
    case 'refresh_token': {
      const refreshToken = needed(form, 'refresh_token')
      return oauth.refresh(ctx, client, { refreshToken, scope: form.get('scope') }, requestId)
    }
    default:
      throw oauthError('unsupported_grant_type', 'grant_type must be authorization_code or refresh_token')
  }
}

function clientOf(ctx: Context, request: FastifyRequest, form: ReadonlyMap<string, string>): Promise<App> {
  const { id, secret } = clientCredentials(request.headers.authorization, form)
  return oauth.authenticateClient(ctx, id, secret)
}

function needed(form: ReadonlyMap<string, string>, name: string): string {
  const value = form.get(name)
  if (value === undefined) throw oauthError('invalid_request', `${name} is missing`)
  return value
}

/** RFC 6749 3.2 and appendix B: a form, of which each parameter stands once. */
function clientFormOf(request: FastifyRequest): ReadonlyMap<string, string> {
  if (!FORM_TYPE.test(request.sentContentType ?? '')) {
    throw oauthError('invalid_request', 'the body must be application/x-www-form-urlencoded')
  }
  return authorization.formOf(request.rawBody.toString())
}

function pageFormOf(request: FastifyRequest): ReadonlyMap<string, string> {
  return authorization.formOf(request.rawBody.toString())
}

function queryOf({ originalUrl }: FastifyRequest): string {
  const start = originalUrl.indexOf('?')
  return start === -1 ? '' : originalUrl.slice(start + 1)
}

async function limitRate(ctx: Context, request: FastifyRequest): Promise<void> {
  const { allowed } = await ctx.limits.take(`aftership-oauth:${request.ip}`, REQUESTS_PER_SECOND, 1000)
  if (allowed) return
  throw new DomainError('rateLimited', 'Too many requests came from this address; wait a moment.')
}

function redirect(reply: FastifyReply, status: 302 | 303, location: string): FastifyReply {
  return reply.headers({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }).redirect(location, status)
}

function sendPageError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (thrown instanceof AuthorizationRefused) return redirect(reply, 302, thrown.location)
  return pages.sendRefusalPage(reply, noted(thrown, request))
}

/** RFC 6749 5.2. */
function sendTokenError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const error = noted(thrown, request)
  const { status, body } = tokenAnswerOf(error)
  if (status === 401) reply.header('www-authenticate', 'Basic realm="understudy", charset="UTF-8"')
  return reply
    .code(status)
    .headers({ 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', pragma: 'no-cache' })
    .serializer(JSON.stringify)
    .send(body)
}

function noted(thrown: unknown, request: FastifyRequest): DomainError {
  const error = toDomainError(thrown)
  noteRefusal(request, error)
  return error
}

// The page behind the mailed link. GET changes nothing, since mail scanners follow links; the button confirms.

import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Context } from '../../platform/context.ts'
import { DomainError, toDomainError } from '../../platform/errors.ts'
import { html, sendPage } from '../../platform/web/page.ts'
import { readRawBody } from '../../platform/web/raw-body.ts'
import { noteRefusal } from '../../platform/web/refusal.ts'
import * as invitations from './invitations.ts'
import { refusals } from './oauth/pages.ts'
import * as organizations from './organizations.store.ts'

const REQUESTS_PER_SECOND = 20

interface ByToken {
  Params: { token: string }
}

export function invitationPages(ctx: Context): FastifyPluginAsync {
  return async app => {
    app.addHook('onRequest', async request => {
      const { allowed } = await ctx.limits.take(`aftership-invitations:${request.ip}`, REQUESTS_PER_SECOND, 1000)
      if (!allowed) throw new DomainError('rateLimited', 'too many requests from this address')
      await readRawBody(request)
    })
    app.setErrorHandler((error, request, reply) => sendRefusal(error, request, reply))

    app.get<ByToken>('/invitations/aftership/:token', { schema: { hide: true } }, async (request, reply) => {
      const membership = await invitations.open(ctx, request.params.token)
      const organization = await organizations.findById(ctx, membership.organizationId)
      return sendPage(
        reply,
        200,
        `Join ${organization?.name ?? 'the organization'}`,
        html`<p><b>${membership.email}</b> has been invited as <b>${membership.roleName}</b>.</p>
<form method="post"><button>Confirm</button></form>
<p class="quiet">Nothing happens until you confirm.</p>`,
      )
    })

    app.post<ByToken>('/invitations/aftership/:token', { schema: { hide: true } }, async (request, reply) => {
      const membership = await invitations.confirm(ctx, request.params.token, request.id)
      return sendPage(
        reply,
        200,
        'You are in',
        html`<p>The membership of <b>${membership.email}</b> is active now.</p>`,
      )
    })
  }
}

/** Where this page knows more of a refusal than that it is one. */
const pages: Partial<Record<DomainError['code'], [title: string, text: string]>> = {
  notFound: ['No such invitation', 'Check that the whole link from the mail was opened.'],
  gone: ['This invitation is over', 'It was used already, has expired, or a newer one was sent. Ask for a new one.'],
  rateLimited: ['Too many requests', 'Wait a moment and try again.'],
}

function sendRefusal(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const error = toDomainError(thrown)
  noteRefusal(request, error)
  const { status, title: general } = refusals[error.code]
  const otherwise = status >= 500 ? 'It is our fault; try again later.' : 'Open the link from the mail again.'
  const [title, text] = pages[error.code] ?? [general, otherwise]
  return sendPage(reply, status, title, html`<p>${text}</p>`)
}

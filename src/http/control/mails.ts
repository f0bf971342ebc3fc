import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Context } from '../../platform/context.ts'
import * as outbox from '../../platform/mail/outbox.ts'
import { ListQuery, listOf, listReply, pageQuery } from '../../platform/web/list-query.ts'

const ById = Type.Object({ id: Type.String() })
const fields = {
  id: Type.String(),
  vendor: Type.String(),
  tenant: Type.String(),
  to: Type.String(),
  subject: Type.String(),
  status: Type.Enum(['held', 'queued', 'sent', 'failed'], {
    description: '`held`: there was no SMTP server; read the text here.',
  }),
  attempts: Type.Integer(),
  lastError: Type.Union([Type.String(), Type.Null()]),
  createdAt: Type.String(),
  sentAt: Type.Union([Type.String(), Type.Null()]),
}
const Mail = Type.Object(fields)
const MailWithText = Type.Object({ ...fields, text: Type.String() })

/** The mail outbox. A text holds links that sign people in: reading one needs `admin`. */
export function mailRoutes(ctx: Context): FastifyPluginAsyncTypebox {
  return async app => {
    const tags = ['Mails']
    app.get(
      '/mails',
      {
        schema: {
          tags,
          summary: 'List mails, newest first, without texts',
          querystring: Type.Object({ ...ListQuery, to: Type.Optional(Type.String()) }),
          response: { 200: listOf(Mail) },
        },
      },
      async request => listReply(await outbox.list(ctx, request.query.to, pageQuery(request.query)), mail => mail),
    )
    app.get(
      '/mails/:id',
      {
        config: { controlScope: 'admin' },
        schema: { tags, summary: 'Read a mail with its text', params: ById, response: { 200: MailWithText } },
      },
      async request => outbox.get(ctx, request.params.id),
    )
    app.post(
      '/mails/:id/resend',
      { schema: { tags, summary: 'Send a mail again', params: ById, response: { 200: Mail } } },
      async request => outbox.resend(ctx, request.operator, request.params.id),
    )
  }
}

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Context } from '../../platform/context.ts'
import type { Credential } from '../../platform/credentials/credential.ts'
import { Key, keyOf } from '../../platform/credentials/wire.ts'
import { EMAIL_MAX, EMAIL_PATTERN } from '../../platform/email.ts'
import { offboard, restore } from '../../vendors/holders.ts'

const ByEmail = Type.Object({ email: Type.String({ pattern: EMAIL_PATTERN, maxLength: EMAIL_MAX }) })
const Keys = Type.Object({ holder: Type.String(), keys: Type.Array(Key) })

/** A person who holds keys, over all vendors: off with all of them at once, and back. */
export function holderRoutes(ctx: Context): FastifyPluginAsyncTypebox {
  return async app => {
    const tags = ['Holders']
    const config = { controlScope: 'admin' } as const
    const reply = (holder: string, keys: Credential[]) => ({ holder, keys: keys.map(key => keyOf(ctx, key)) })
    app.post(
      '/holders/:email/offboard',
      {
        config,
        schema: {
          tags,
          summary: 'End what a person can do',
          description:
            'Disables the keys they hold, at every vendor, and control tokens. OAuth grants they gave end for good. As a member of Memberstack apps they are logged out and cannot log in; their plans go where the configuration says so.',
          params: ByEmail,
          response: { 200: Keys },
        },
      },
      async ({ params, operator }) => reply(params.email, await offboard(ctx, operator, params.email)),
    )
    app.post(
      '/holders/:email/restore',
      {
        config,
        schema: {
          tags,
          summary: 'Take an offboarding back',
          description:
            'Enables what it disabled, unless something else disabled that too; gives members their plans and their way in back.',
          params: ByEmail,
          response: { 200: Keys },
        },
      },
      async ({ params, operator }) => reply(params.email, await restore(ctx, operator, params.email)),
    )
  }
}

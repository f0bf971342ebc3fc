import { inBatches } from '../../platform/batches.ts'
import { timestamp } from '../../platform/clock.ts'
import type { Context } from '../../platform/context.ts'
import type { Job } from '../../platform/jobs.ts'
import type { Vendor } from '../vendor.ts'
import { controlApi } from './control/index.ts'
import { answerOf } from './errors.ts'
import { holders } from './holders.ts'
import { invitationPages } from './invitations.routes.ts'
import * as invitationStore from './invitations.store.ts'
import * as memberships from './memberships.ts'
import { migrations } from './migrations.ts'
import * as oauth from './oauth/flow.ts'
import { oauthRoutes } from './oauth/routes.ts'
import { BASE_PATH, commonHeaders, membersApi, PREFIX } from './routes.ts'
import { AftershipSeed, load } from './seed.ts'
import { webhookDialect } from './webhooks.ts'

const jobs: Job[] = [
  {
    // Contract section 4.3: an expired pending membership is gone within a minute.
    name: 'aftership-expiry',
    everyMs: 20_000,
    run: (ctx, stop) => inBatches(stop, limit => memberships.removeExpired(ctx, limit)),
  },
  {
    name: 'aftership-oauth',
    everyMs: 60_000,
    run: (ctx, stop) => inBatches(stop, limit => oauth.purge(ctx, limit)),
  },
  {
    name: 'aftership-retention',
    everyMs: 3_600_000,
    run: async (ctx, stop) => {
      await inBatches(stop, limit => memberships.purge(ctx, limit))
      const before = timestamp(ctx.clock.now() - ctx.settings.retentionMs)
      await inBatches(stop, limit => invitationStore.purge(ctx, before, limit))
    },
  },
]

export const aftership: Vendor = {
  name: 'aftership',
  title: 'AfterShip Members API 2022-01',
  prefixes: [PREFIX],
  securitySchemes: {
    apiKey: { type: 'apiKey', in: 'header', name: 'as-api-key' },
    accessToken: { type: 'apiKey', in: 'header', name: 'as-access-token' },
  },
  migrations,
  jobs,
  api: (ctx: Context) => async app => {
    await app.register(membersApi(ctx), { prefix: PREFIX })
    await app.register(invitationPages(ctx))
    await app.register(oauthRoutes(ctx))
  },
  control: controlApi,
  refuse(error, requestId) {
    const { status, body } = answerOf(error)
    const headers = { 'content-type': 'application/json; charset=utf-8', ...commonHeaders(requestId) }
    return { status, headers, body: JSON.stringify(body) }
  },
  holders,
  webhooks: webhookDialect,
  seed: { schema: AftershipSeed, load },
  environment: (origin, samples) => ({ baseUrl: `${origin}${BASE_PATH}`, ...samples }),
  curl: (origin, { apiKey }) =>
    apiKey === undefined ? undefined : `curl -s -H 'as-api-key: ${apiKey}' ${origin}${BASE_PATH}/memberships`,
}

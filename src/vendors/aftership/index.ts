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

/** How many rows one turn of a job takes at a time, so that requests get their turn between. */
const BATCH = 100

const jobs: Job[] = [
  {
    // Contract section 4.3: an expired pending membership is gone within a minute.
    name: 'aftership-expiry',
    everyMs: 20_000,
    run: async ctx => {
      while ((await memberships.removeExpired(ctx, BATCH)) === BATCH);
    },
  },
  {
    name: 'aftership-oauth',
    everyMs: 60_000,
    run: async ctx => {
      while ((await oauth.purge(ctx, BATCH)) === BATCH);
    },
  },
  {
    name: 'aftership-retention',
    everyMs: 3_600_000,
    run: async ctx => {
      while ((await memberships.purge(ctx, BATCH)) === BATCH);
      await invitationStore.purge(ctx, timestamp(ctx.clock.now() - ctx.settings.retentionMs))
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

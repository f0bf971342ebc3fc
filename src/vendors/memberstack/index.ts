import { inBatches } from '../../platform/batches.ts'
import { timestamp } from '../../platform/clock.ts'
import type { Context } from '../../platform/context.ts'
import type { Job } from '../../platform/jobs.ts'
import type { Vendor } from '../vendor.ts'
import * as codes from './codes.store.ts'
import { controlApi } from './control/index.ts'
import { answerOf } from './errors.ts'
import { holders } from './holders.ts'
import { migrations } from './migrations.ts'
import { VENDOR } from './realm.ts'
import * as removal from './removal.ts'
import { memberstackApi, PATHS, seeUnknown } from './routes.ts'
import { JSON_TYPE } from './scope.ts'
import { load, MemberstackSeed, prepare } from './seed.ts'
import * as signingKeys from './signing-keys.ts'
import * as tokens from './tokens.store.ts'
import { webhookDialect } from './webhooks.ts'

const jobs: Job[] = [
  {
    // Its first run, at the start, makes the signing key: no login has to wait for it.
    name: 'memberstack-tokens',
    everyMs: 600_000,
    run: async (ctx, stop) => {
      await signingKeys.load(ctx)
      const now = ctx.clock.now()
      await inBatches(stop, limit => tokens.purge(ctx, Math.floor(now / 1000), limit))
      await inBatches(stop, limit => codes.purge(ctx, timestamp(now), limit))
      await signingKeys.purge(ctx)
    },
  },
  {
    name: 'memberstack-retention',
    everyMs: 3_600_000,
    run: (ctx, stop) => inBatches(stop, limit => removal.purge(ctx, limit)),
  },
]

export const memberstack: Vendor = {
  name: VENDOR,
  title: 'Memberstack Admin REST API and client API',
  prefixes: PATHS,
  atRoot: true,
  securitySchemes: {
    apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
    memberToken: { type: 'http', scheme: 'bearer' },
  },
  migrations,
  jobs,
  api: (ctx: Context) => memberstackApi(ctx),
  control: controlApi,
  seeUnknown,
  refuse(error) {
    const { status, body } = answerOf(error)
    return { status, headers: { 'content-type': JSON_TYPE }, body: JSON.stringify(body) }
  },
  holders,
  webhooks: webhookDialect,
  seed: { schema: MemberstackSeed, prepare, load },
  environment: (origin, samples) => ({ baseUrl: `${origin}/`, ...samples }),
  curl: (origin, { secretKey }) =>
    secretKey === undefined ? undefined : `curl -s -H 'x-api-key: ${secretKey}' ${origin}/members`,
}

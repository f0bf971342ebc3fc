import { inBatches } from '../../platform/batches.ts'
import type { Context } from '../../platform/context.ts'
import { keyHolders } from '../../platform/credentials/holders.ts'
import type { Job } from '../../platform/jobs.ts'
import type { Vendor } from '../vendor.ts'
import { controlApi } from './control/index.ts'
import { answerOf } from './errors.ts'
import { headersOf, JSON_TYPE, runtimeOf } from './headers.ts'
import { API_KEY, VENDOR } from './keys.ts'
import { migrations } from './migrations.ts'
import * as removal from './removal.ts'
import { ABSENT_PREFIX, absentApi, PREFIX, userApi } from './routes.ts'
import { EasypostSeed, load } from './seed.ts'
import { webhookDialect } from './webhook-dialect.ts'

const jobs: Job[] = [
  {
    name: 'easypost-retention',
    everyMs: 3_600_000,
    run: (ctx, stop) => inBatches(stop, limit => removal.purge(ctx, limit)),
  },
]

export const easypost: Vendor = {
  name: VENDOR,
  title: 'EasyPost User API v2',
  prefixes: [PREFIX, ABSENT_PREFIX],
  securitySchemes: { basic: { type: 'http', scheme: 'basic' }, bearer: { type: 'http', scheme: 'bearer' } },
  migrations,
  jobs,
  api: (ctx: Context) => async app => {
    await app.register(userApi(ctx), { prefix: PREFIX })
    await app.register(absentApi(ctx), { prefix: ABSENT_PREFIX })
  },
  control: controlApi,
  refuse(error, requestId) {
    const { status, body } = answerOf(error)
    const headers = { 'content-type': JSON_TYPE, ...headersOf(requestId, false), 'x-runtime': runtimeOf(0) }
    return { status, headers, body: JSON.stringify(body) }
  },
  holders: keyHolders(VENDOR, API_KEY),
  keyNoun: API_KEY,
  webhooks: webhookDialect,
  seed: { schema: EasypostSeed, load },
  // The slash at the end is the vendor's own client's: it appends a bare path.
  environment: (origin, samples) => ({ baseUrl: `${origin}${PREFIX}/`, ...samples }),
  curl: (origin, { productionKey }) =>
    productionKey === undefined ? undefined : `curl -s -u '${productionKey}:' ${origin}${PREFIX}/users`,
}

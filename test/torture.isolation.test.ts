// The short form of `npm run torture -- isolation`: a few tenants of each vendor in one process.

import assert from 'node:assert/strict'
import test from 'node:test'
import { Findings } from '../torture/findings.ts'
import { playTenants } from '../torture/isolation/run.ts'
import type { Answer, Request } from '../torture/isolation/wire.ts'
import { startApp } from './support.ts'

const SEED = 20_260_304
/** The clock goes on with each request, so that no limit of a second is met. */
const REQUEST_MS = 25

test('no tenant sees or changes what is of another, whatever it asks with', async () => {
  const findings = new Findings()
  await playTenants({
    seed: SEED,
    tenants: 2,
    operations: 90,
    findings,
    async start({ seed }) {
      const { app, clock, log, request } = await startApp(seed, { trustProxy: true })
      const send = async ({ method, path, headers, body }: Request): Promise<Answer> => {
        clock.advance(REQUEST_MS)
        const payload = body === undefined ? {} : { payload: body }
        const reply = await request({ method, url: path, headers, ...payload })
        return { status: reply.statusCode, headers: reply.headers, text: reply.body }
      }
      const logged = () => log.map(line => JSON.stringify(line))
      const pass = async (ms: number) => clock.advance(ms)
      return { send, now: () => clock.now(), pass, settle: app.runJobs, log: logged }
    },
  })
  const { counts, failures } = findings.outcome()
  assert.deepEqual(failures, [])
  for (const seen of ['cross attacks', 'deliveries', 'mails read', 'OAuth grants']) assert.ok(counts[seen], seen)
})

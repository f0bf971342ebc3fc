// What the scenarios of Memberstack's webhooks share: an endpoint for Acme's sandbox, and what arrives there.

import assert from 'node:assert/strict'
import { ACME } from './memberstack.control.support.ts'
import { type Json, SEED } from './memberstack.support.ts'
import { type Operator, operatorOf } from './operator.ts'
import { type Received, type Receiver, startReceiver } from './receiver.ts'
import { startApp, type TestApp } from './support.ts'

export const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
export const NEXT_SECRET = 'whsec_dW5kZXJzdHVkeS1jb250cmFjdC1leGFtcGxlLWtleSE='
export const HOOKS = `${ACME}/webhooks`
export const DELIVERIES = `${ACME}/deliveries`

export interface Scene {
  app: TestApp
  operator: Operator
  receiver: Receiver
  /** The endpoint's id. */
  endpoint: string
}

interface SceneOptions {
  /** Of the endpoint, beside its URL, environment and secret. */
  endpoint?: object
  /** Of the app. */
  config?: Parameters<typeof startApp>[1]
}

/** Acme with one endpoint for its sandbox. */
export async function startScene({ endpoint = {}, config = {} }: SceneOptions = {}): Promise<Scene> {
  const app = await startApp(SEED, config)
  const receiver = await startReceiver()
  const operator = operatorOf(app)
  const made = await operator.post(HOOKS, { url: receiver.url, environment: 'sandbox', secret: SECRET, ...endpoint })
  assert.equal(made.status, 201)
  await app.newEvents()
  return { app, operator, receiver, endpoint: String(made.body.id) }
}

/** What a request brought; a scenario's assertions prove it. */
export function bodyOf({ body }: Received): { event: string; timestamp: number; payload: Json } {
  return JSON.parse(body)
}

/** What arrives by `work`, in the order of the names: that of arrival is not promised. */
export async function sentBy({ app, receiver }: Scene, work: () => Promise<unknown>): Promise<Received[]> {
  const { length } = receiver.requests
  await work()
  await app.app.runJobs()
  return receiver.requests.slice(length).toSorted((a, b) => (bodyOf(a).event < bodyOf(b).event ? -1 : 1))
}

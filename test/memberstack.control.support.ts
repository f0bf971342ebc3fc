// What the scenarios of Memberstack's operator share.

import assert from 'node:assert/strict'
import { ids, SEED } from './memberstack.support.ts'
import { type Answer, assertProblem, type Body, type Operator, operatorOf } from './operator.ts'
import { startApp, type TestApp } from './support.ts'

export const APPS = '/memberstack/apps'
export const ACME = `${APPS}/${ids.acme}`

export async function start(): Promise<{ app: TestApp; operator: Operator }> {
  const app = await startApp(SEED)
  return { app, operator: operatorOf(app) }
}

/** The paths of the fields that a refusal names. */
export function fieldsOf(refused: Answer): unknown[] {
  return (assertProblem(refused, 422, 'invalid') as Body[]).map(({ path }) => path)
}

/** Asserts that exactly one event was written, this one, by the operator's token, and gives its data. */
export async function assertOneEvent(app: TestApp, type: string, subject: string, tenant: string): Promise<Body> {
  const [event, ...more] = await app.newEvents()
  assert.ok(event)
  assert.deepEqual(more, [])
  assert.deepEqual([event.type, event.subject, event.tenant, event.vendor], [type, subject, tenant, 'memberstack'])
  assert.match(event.actor, /^token:[0-9a-f]{32}$/)
  return event.data
}

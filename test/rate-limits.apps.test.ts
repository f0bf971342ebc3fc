// What the vendors promise of their limits, with two whole apps on one PostgreSQL: there only, as elsewhere one app has
// its store for itself.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import * as aftership from './aftership.support.ts'
import { ACME, crowd, tryLogin } from './memberstack.client.support.ts'
import { PASSWORD } from './memberstack.support.ts'
import { SERVER_URL } from './postgres.ts'
import { freshStore } from './store.ts'
import { SECOND, startApp, type TestApp } from './support.ts'

/** Two apps on a store with this seed. */
async function startTwo(seed: string) {
  const store = await freshStore()
  const [first, second] = [await startApp(seed, store.config), await startApp('', store.config)]
  after(() => store.release())
  return [first, second] as const
}

const scenarios: Record<string, () => Promise<void>> = {
  'an AfterShip organization has 10 requests a second, whichever node is asked': async () => {
    const { rateLimit: _unlimited, ...limited } = aftership.northwind
    const apps = await startTwo(aftership.seedOf(limited))
    for (const round of [1, 2]) {
      const replies = await Promise.all(
        Array.from({ length: 30 }, () => apps.map(app => aftership.call(app, { key: aftership.keys.full }))).flat(),
      )
      const passed = replies.filter(({ status }) => status === 200)
      assert.equal(passed.length, 10, `second ${round}`)
      assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200, 429]))
      const remaining = passed.map(({ headers }) => Number(headers['ratelimit-remaining'])).sort((a, b) => a - b)
      assert.deepEqual(remaining, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
      for (const { clock } of apps) clock.advance(SECOND)
    }
  },

  'ten wrong passwords of an email are the last, on whichever nodes they were tried': async () => {
    const [first, second] = await startTwo(ACME)
    const [here, there] = [crowd(first), crowd(second)]
    const attempt = async (app: TestApp, email: string, password: string) =>
      (await tryLogin(app, email, password)).status
    for (let tries = 0; tries < 5; tries++) {
      assert.equal(await attempt(here, 'who@acme.example', 'wrong'), 401)
      assert.equal(await attempt(there, 'who@acme.example', 'wrong'), 401)
    }
    assert.equal(await attempt(here, 'who@acme.example', PASSWORD), 429)
    assert.equal(await attempt(there, 'who@acme.example', PASSWORD), 429)
    assert.equal(await attempt(there, 'else@acme.example', 'wrong'), 401)
  },
}

if (process.env[SERVER_URL] !== undefined) {
  for (const [name, scenario] of Object.entries(scenarios)) test(name, scenario)
}

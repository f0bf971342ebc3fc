// The two official ways to check a Memberstack webhook, unmodified. Both ask the system for the time, so it is set.

import assert from 'node:assert/strict'
import { mock } from 'node:test'
import memberstackAdmin from '@memberstack/admin'
import { Webhook } from 'svix'

/** A webhook as a receiver gets it; header names in lower case. */
export interface Captured {
  headers: Record<string, unknown>
  body: string
}

type Verify = (captured: Captured, secret: string) => unknown

const verifiers: Record<string, Verify> = {
  svix: ({ headers, body }, secret) => new Webhook(secret).verify(Buffer.from(body), textual(headers)),
  '@memberstack/admin': ({ headers, body }, secret) =>
    memberstackAdmin.init('sk_sb_unused').verifyWebhookSignature({
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), value])),
      secret,
      payload: JSON.parse(body),
    }),
}

/** Asserts that both accept it at this time (ms since the epoch). */
export function assertVerified(captured: Captured, secret: string, nowMs: number): void {
  at(nowMs, () => {
    for (const [name, verify] of Object.entries(verifiers)) {
      assert.doesNotThrow(() => verify(captured, secret), `${name} accepts ${captured.body}`)
    }
  })
}

/** Asserts that neither accepts it at this time (ms since the epoch). */
export function assertRefused(captured: Captured, secret: string, nowMs: number): void {
  at(nowMs, () => {
    for (const [name, verify] of Object.entries(verifiers)) {
      assert.throws(() => verify(captured, secret), `${name} refuses ${captured.body}`)
    }
  })
}

function at(nowMs: number, work: () => void): void {
  mock.timers.enable({ apis: ['Date'], now: nowMs })
  try {
    work()
  } finally {
    mock.timers.reset()
  }
}

function textual(headers: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
}

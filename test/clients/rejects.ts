// What calls of Memberstack's official packages reject with: the answer's body, whole.

import assert from 'node:assert/strict'

/** Asserts that a call rejects with exactly `{code, message}`; a message that is free is some text. */
export async function assertRejects(call: Promise<unknown>, code: string, message?: string): Promise<void> {
  await assert.rejects(call, (thrown: { code: string; message: string }) => {
    assert.deepEqual(thrown, { code, message: message ?? thrown.message })
    assert.ok(typeof thrown.message === 'string' && thrown.message !== '')
    return true
  })
}

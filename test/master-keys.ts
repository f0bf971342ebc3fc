// What rotations of the master key are looked at with: keys as text, and a store opened as a node that starts opens it.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openContext } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import type { Context } from '../src/platform/context.ts'
import { fingerprintOf, parseMasterKey } from '../src/platform/credentials/master-key.ts'
import * as events from '../src/platform/events/events.ts'
import { runHere } from './here.ts'
import { type Finished, fileWith, run, temporaryDirectory } from './process.ts'

export const OPERATOR_TOKEN = 'ust_operator_token'
/** A key that the store keeps sealed, and shows again. */
const SEALED_KEY = 'EZAKsealed'

export const SEED = `
easypost:
  users:
    - id: user_0123456789abcdef0123456789abcdef
      name: Acme
      keys: { test: EZTKsealed, production: ${SEALED_KEY} }
control: { tokens: [{ name: operator, scope: admin, token: ${OPERATOR_TOKEN} }] }
`

export function randomKey(): string {
  return randomBytes(32).toString('base64')
}

export function fingerprint(key: string): string {
  return fingerprintOf(parseMasterKey(key))
}

/** Does something with a store as a node that starts there finds it. Rejects when none of its keys opens the store. */
export async function inStore<T>(
  data: string,
  env: NodeJS.ProcessEnv,
  work: (context: Context) => Promise<T>,
): Promise<T> {
  const { context, close } = await openContext(await readConfig({ data }, { ...env, UNDERSTUDY_LOG_LEVEL: 'silent' }))
  try {
    return await work(context)
  } finally {
    await close()
  }
}

/** The rotations that the event log tells of, and the data keys by what they say. */
export function stateOf(data: string, env: NodeJS.ProcessEnv = {}) {
  return inStore(data, env, async context => ({
    masterKey: context.vault.masterKeyFingerprint,
    lookup: context.vault.lookupHash('probe'),
    proof: context.vault.attest(['probe']),
    rotations: (await events.list(context, { type: 'master_key.rotated' }, 0, 100)).map(
      ({ vendor, tenant, actor, subject, data }) => ({ vendor, tenant, actor, subject, data }),
    ),
  }))
}

/** A stopped server's data directory. */
export async function seededStore(): Promise<string> {
  const data = temporaryDirectory()
  const { code, stderr } = await runHere(['seed', fileWith('seed.yaml', SEED), '--data', data])
  assert.equal(code, 0, stderr)
  return data
}

export function copyOf(directory: string): string {
  const copy = temporaryDirectory()
  cpSync(directory, copy, { recursive: true })
  return copy
}

export function keyIn(directory: string, name = 'master.key'): string {
  return readFileSync(join(directory, name), 'utf8').trim()
}

export function keyFilesIn(directory: string): string[] {
  return readdirSync(directory)
    .filter(name => name.includes('master.key'))
    .sort()
}

/** In this process, without a log. */
export function rotate(data: string, env: NodeJS.ProcessEnv = {}, ...argv: string[]): Promise<Finished> {
  return runHere(['keys', 'rotate-master', '--data', data, ...argv], { UNDERSTUDY_LOG_LEVEL: 'silent', ...env })
}

/** In a process of its own: several run at once, and what it says includes its log. */
export function rotateApart(data: string, env: NodeJS.ProcessEnv = {}, ...argv: string[]): Promise<Finished> {
  return run(['keys', 'rotate-master', '--data', data, ...argv], env)
}

/** The event of one rotation, and nothing else in it. */
export function rotated(from: string, to: string) {
  const [formerFingerprint, subject] = [fingerprint(from), fingerprint(to)]
  const data = { fingerprint: subject, formerFingerprint }
  return { vendor: 'understudy', tenant: '', actor: 'cli:keys', subject, data }
}

/** What a server shows of a key that it keeps sealed, to whoever has that key: 200, and itself. */
export async function assertOpens(url: string): Promise<void> {
  const authorization = `Basic ${Buffer.from(`${SEALED_KEY}:`).toString('base64')}`
  const reply = await fetch(`${url}/v2/api_keys`, { headers: { authorization } })
  assert.equal(reply.status, 200)
  assert.ok((await reply.text()).includes(SEALED_KEY))
}

/** No key, in any of its writings, is in what a process said or the store's event log holds. */
export function assertSecret(keys: readonly string[], said: readonly string[]): void {
  const writings = keys
    .map(key => Buffer.from(parseMasterKey(key)))
    .flatMap(key => [key.toString('base64').replace('=', ''), key.toString('base64url'), key.toString('hex')])
  for (const text of said) for (const writing of writings) assert.equal(text.includes(writing), false)
}

export function assertDone({ code, stdout, stderr }: Finished, says: RegExp): void {
  assert.equal(code, 0, stderr)
  assert.match(stdout, says)
}

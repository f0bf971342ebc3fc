// Whether the time of a refusal tells an unknown credential from a wrong one. Both are asked in turn, so that what slows
// the machine slows both; the difference of the medians counts only against how well so many samples tell a median.

import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Findings } from '../findings.ts'
import type { Random } from '../random.ts'
import { startServer } from '../server.ts'
import { overSockets, type Send, type WireRequest } from './wire.ts'

/** So many standard errors of the difference are no chance, though what slows a machine slows many samples in a row. */
const ERRORS_MAX = 4
/** Below it a difference drowns on any network. */
const DIFFERENCE_MIN_MS = 0.05
/** Of a signed body: what is computed of it must stand out, and only then. */
const BODY_BYTES = 512 * 1024

interface Pair {
  name: string
  status: number
  unknown(): WireRequest
  wrong(): WireRequest
}

export async function timingRun(
  { directory, findings, random }: { directory: string; findings: Findings; random: Random },
  samples: number,
): Promise<void> {
  const text = () => random.bytes(16).toString('hex')
  const keys = {
    aftership: `as_${text()}`,
    easypost: `EZAK${text()}`,
    secret: `sk_sb_${text()}`,
    visitor: `pk_sb_${text()}`,
  }
  const signing = { hmac: `as_${text()}`, rsa: `as_${text()}` }
  const ended = { api_key: `as_${text()}`, hmac: `as_${text()}`, rsa: `as_${text()}` }
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = publicKey.export({ type: 'spki', format: 'pem' })
  const shopKey = (mode: string, key: string) => ({
    ...{ name: key, mode, key },
    ...(mode === 'hmac' ? { secret: text() } : mode === 'rsa' ? { publicKey: pem } : {}),
  })
  const shopKeys = [['api_key', keys.aftership], ...Object.entries(signing), ...Object.entries(ended)].map(
    ([mode = '', key = '']) => shopKey(mode, key),
  )
  const [token, password] = [`ust_${text()}`, text()]
  const [seed, config] = [join(directory, 'timing.yaml'), join(directory, 'timing-config.yaml')]
  const rateLimit = { perSecond: 1_000_000 }
  // So many members that no limit on the failures of one is met.
  const members = Array.from({ length: Math.ceil(samples / 9) }, (_, index) => `m${index}@a.example`)
  const club = {
    name: 'Club',
    keys: { sandboxSecret: keys.secret, sandboxPublic: keys.visitor },
    settings: { rateLimit },
    members: { sandbox: members.map(email => ({ email, password })) },
  }
  writeFileSync(config, JSON.stringify({ trustProxy: true, passwords: { memoryKiB: 1024, passes: 1 } }))
  writeFileSync(
    seed,
    JSON.stringify({
      aftership: {
        organizations: [{ name: 'O', rateLimit, keys: shopKeys }],
      },
      easypost: { users: [{ name: 'P', email: 'a@b.example', keys: { production: keys.easypost } }] },
      memberstack: { apps: [club] },
      control: { tokens: [{ name: 'o', scope: 'admin', token }] },
    }),
  )
  const env = { UNDERSTUDY_CONFIG: config, UNDERSTUDY_LOG_LEVEL: 'silent' }
  const server = await startServer(join(directory, 'timing'), { env, flags: ['--seed', seed] })
  const { send, close } = overSockets(server.url)
  let asked = 0
  let tried = 0
  const address = () => `10.${random.below(250)}.${random.below(250)}.${(asked++ % 250) + 1}`
  const keyPair = (name: string, key: string, path: string, header: string, prefix: string, status: number): Pair => {
    const of = (sent: string): WireRequest => ({
      method: 'GET',
      path,
      headers: { [header]: prefix + sent, 'x-forwarded-for': address() },
    })
    const start = /^[A-Za-z_]*_|^EZAK/.exec(key)?.[0] ?? ''
    const tail = () => text().slice(0, 8)
    return {
      ...{ name, status },
      unknown: () => of(start + text()),
      wrong: () => of(key.slice(0, -8) + tail()),
    }
  }
  const login = (email: string, address: string): WireRequest => ({
    method: 'POST',
    path: '/auth/login',
    headers: { 'content-type': 'application/json', 'x-api-key': keys.visitor, 'x-forwarded-for': address },
    body: JSON.stringify({ email, password: text() }),
  })
  const body = 'x'.repeat(BODY_BYTES)
  /** Signed by chance; as many bits as a signature has, and no number that a modulus is too small for. */
  const signed = (mode: 'hmac' | 'rsa', key: string): WireRequest => {
    const signature = mode === 'hmac' ? random.bytes(32) : Buffer.concat([Buffer.of(1), random.bytes(255)])
    const named = { 'as-api-key': key, [`as-signature-${mode}-sha256`]: signature.toString('base64') }
    const headers = { ...named, date: new Date().toUTCString(), 'x-forwarded-for': address() }
    return { method: 'POST', path: '/admin/2022-01/memberships?b=1&a=%2B', headers, body }
  }
  const signedPair = (name: string, mode: 'hmac' | 'rsa', key: string): Pair => ({
    ...{ name, status: 401 },
    unknown: () => signed(mode, `as_${text()}`),
    wrong: () => signed(mode, key),
  })
  const pairs: Pair[] = [
    keyPair('AfterShip keys', keys.aftership, '/admin/2022-01/roles', 'as-api-key', '', 401),
    keyPair('EasyPost keys', keys.easypost, '/v2/users', 'authorization', 'Bearer ', 403),
    keyPair('Memberstack keys', keys.secret, '/members', 'x-api-key', '', 401),
    keyPair('control tokens', token, '/understudy/v1/keys', 'authorization', 'Bearer ', 401),
    {
      ...{ name: 'logins', status: 401 },
      unknown: () => login(`n${random.below(1e9)}@a.example`, address()),
      wrong: () => login(members[tried++ % members.length] ?? '', address()),
    },
    signedPair('AfterShip signatures (hmac)', 'hmac', signing.hmac),
    signedPair('AfterShip signatures (rsa)', 'rsa', signing.rsa),
    signedPair('AfterShip signatures of another mode', 'hmac', signing.rsa),
    signedPair('disabled AfterShip keys that sign (hmac)', 'hmac', ended.hmac),
    signedPair('disabled AfterShip keys that sign (rsa)', 'rsa', ended.rsa),
    {
      ...keyPair('disabled AfterShip keys', ended.api_key, '/admin/2022-01/roles', 'as-api-key', '', 401),
      wrong: () => ({
        ...{ method: 'GET', path: '/admin/2022-01/roles' },
        headers: { 'as-api-key': ended.api_key, 'x-forwarded-for': address() },
      }),
    },
  ]
  try {
    await disable(send, token, Object.values(ended))
    for (const pair of pairs) judge(pair.name, await measure(pair, samples, send, random), findings)
  } finally {
    close()
    await server.stop()
  }
}

/** Disables these keys, which are named as they open. */
async function disable(send: Send, token: string, keys: readonly string[]): Promise<void> {
  const headers = { authorization: `Bearer ${token}` }
  const { body } = await send({ method: 'GET', path: '/understudy/v1/keys?limit=200', headers })
  const { data } = JSON.parse(body) as { data: { id: string; name: string }[] }
  for (const { id } of data.filter(({ name }) => keys.includes(name))) {
    const { status } = await send({ method: 'POST', path: `/understudy/v1/keys/${id}/disable`, headers })
    if (status !== 200) throw new Error(`a key was not disabled: ${status}`)
  }
}

type Times = { unknown: number[]; wrong: number[] }

async function measure({ status, ...pair }: Pair, samples: number, send: Send, random: Random): Promise<Times> {
  const times: Times = { unknown: [], wrong: [] }
  for (let sample = 0; sample < samples; sample++) {
    // Now the one first, now the other.
    for (const which of random.chance(0.5) ? (['unknown', 'wrong'] as const) : (['wrong', 'unknown'] as const)) {
      const request = pair[which]()
      const startedAt = performance.now()
      const reply = await send(request)
      const ms = performance.now() - startedAt
      if (reply.status !== status) throw new Error(`${pair.name} was answered with ${reply.status}: ${reply.body}`)
      // The first of all find nothing warm.
      if (sample >= samples / 10) times[which].push(ms)
    }
  }
  return times
}

function judge(name: string, { unknown, wrong }: Times, findings: Findings): void {
  findings.count('refusals timed', unknown.length + wrong.length)
  const [one, other] = [medianOf(unknown), medianOf(wrong)]
  const difference = Math.abs(one.middle - other.middle)
  const error = Math.hypot(one.error, other.error)
  if (difference < DIFFERENCE_MIN_MS || difference < ERRORS_MAX * error) return
  const told = [one, other].map(({ middle }) => `${middle.toFixed(3)} ms`).join(' and ')
  findings.fail(`${name}: unknown and wrong ones take ${told} (medians; standard error ${error.toFixed(3)} ms)`)
}

function medianOf(times: number[]): { middle: number; error: number } {
  const sorted = times.toSorted((one, other) => one - other)
  const at = (part: number) => sorted[Math.floor(sorted.length * part)] ?? 0
  // The standard error of a median whose neighbourhood is as dense as the half of all samples between the quartiles.
  return { middle: at(0.5), error: (at(0.75) - at(0.25)) / Math.sqrt(sorted.length) }
}

// Whether the time of a refusal tells an unknown credential from a wrong one. Both are asked in turn, so that what slows
// the machine slows both; the difference of the medians counts only against how much each varies by itself.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Findings } from '../findings.ts'
import type { Random } from '../random.ts'
import { startServer } from '../server.ts'
import { overSockets, type WireRequest } from './wire.ts'

/** A difference as large as half of what lies between the quartiles is told apart with a few hundred tries. */
const EFFECT_MAX = 0.5
/** Below it a difference drowns on any network. */
const DIFFERENCE_MIN_MS = 0.05

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
        organizations: [{ name: 'O', rateLimit, keys: [{ name: 'k', mode: 'api_key', key: keys.aftership }] }],
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
  ]
  try {
    for (const pair of pairs) judge(pair.name, await measure(pair, samples, send, random), findings)
  } finally {
    close()
    await server.stop()
  }
}

type Times = { unknown: number[]; wrong: number[] }

async function measure(
  { status, ...pair }: Pair,
  samples: number,
  send: (request: WireRequest) => Promise<{ status: number; body: string }>,
  random: Random,
): Promise<Times> {
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
  const [one, other] = [quartilesOf(unknown), quartilesOf(wrong)]
  const difference = Math.abs(one.middle - other.middle)
  const spread = Math.max(one.upper - one.lower, other.upper - other.lower)
  if (difference < DIFFERENCE_MIN_MS || difference < EFFECT_MAX * spread) return
  const told = [one, other].map(({ middle }) => `${middle.toFixed(3)} ms`).join(' and ')
  findings.fail(`${name}: unknown and wrong ones take ${told} (medians; spread ${spread.toFixed(3)} ms)`)
}

function quartilesOf(times: number[]): { lower: number; middle: number; upper: number } {
  const sorted = times.toSorted((one, other) => one - other)
  const at = (part: number) => sorted[Math.floor(sorted.length * part)] ?? 0
  return { lower: at(0.25), middle: at(0.5), upper: at(0.75) }
}

// The whole of it: a plain server, one with TLS, and every wave of attacks on both.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Setting } from '../part.ts'
import { type Server, startServer } from '../server.ts'
import { seed as seedText } from './doors.ts'
import { Siege } from './siege.ts'
import { SlowClients } from './slow.ts'
import { heldBy, isBackTo, Watch } from './vitals.ts'
import { type Size, wavesOf } from './waves.ts'

const CERTIFICATE = fileURLToPath(new URL('../../test/fixtures/tls-cert.pem', import.meta.url))
const KEY = fileURLToPath(new URL('../../test/fixtures/tls-key.pem', import.meta.url))
/** Sign-ups are among the attacks: they are about the wire, not about hashing. */
const CONFIG = 'passwords: { memoryKiB: 8, passes: 1 }\n'
const INVITABLE = 5000

const LONG: Size = {
  share: 1,
  pipelines: 600,
  aborts: 40,
  leavers: 200,
  idle: 4000,
  unread: { clients: 60, ms: 5000 },
  resets: 200,
  mutations: 40_000,
}
/** With a handshake for each connection: some of everything. */
const LONG_TLS: Size = {
  share: 5,
  pipelines: 100,
  aborts: 5,
  leavers: 40,
  idle: 400,
  unread: { clients: 20, ms: 5000 },
  resets: 40,
  mutations: 4000,
}
const QUICK: Size = {
  share: 7,
  pipelines: 20,
  aborts: 0,
  leavers: 10,
  idle: 100,
  unread: { clients: 5, ms: 300 },
  resets: 10,
  mutations: 500,
}

export async function besiege(setting: Setting): Promise<void> {
  const { directory, quick } = setting
  const seedFile = join(directory, 'seed.yaml')
  const config = join(directory, 'config.yaml')
  writeFileSync(seedFile, seedText(INVITABLE))
  writeFileSync(config, CONFIG)
  const start = (name: string, flags: string[]) =>
    startServer(join(directory, name), { flags: ['--seed', seedFile, ...flags], env: { UNDERSTUDY_CONFIG: config } })
  const plain = await start('plain', [])
  const tls = await start('tls', ['--tls-cert', CERTIFICATE, '--tls-key', KEY])
  // The slow clients of both are waited for at the end, together.
  const afterwards = [
    await attack(setting, plain, quick ? QUICK : LONG),
    await attack(setting, tls, quick ? QUICK : LONG_TLS),
  ]
  for (const wait of afterwards) await wait()
}

/** Resolves once all that is not slow has been; what it resolves with waits for the rest, and ends the server. */
async function attack(setting: Setting, server: Server, size: Size): Promise<() => Promise<void>> {
  const { findings, seed, quick } = setting
  const siege = new Siege(server.url, { findings, seed, invitable: INVITABLE })
  await siege.ledger.begin()
  const before = heldBy(server.pid)
  const slow = await SlowClients.open(siege)
  for (const [name, wave] of Object.entries(wavesOf(siege, server.pid, size))) {
    const watch = new Watch(server.url, findings, name)
    await wave()
    await watch.stop()
    await siege.ledger.settle(name)
  }
  return async () => {
    if (quick) slow.leave()
    else await slow.outlast()
    await siege.ledger.settle('slow clients')
    const held = await isBackTo(before, server.pid)
    if (held !== undefined) findings.fail(`the server still holds ${held}`)
    if (!server.isUp()) findings.fail(`the server has ended: ${server.said().slice(-1000)}`)
    const code = await server.stop()
    if (code !== 0) findings.fail(`the server ended with ${code}`)
    for (const line of server.log().filter(({ level }) => level === 'error' || level === 'fatal')) {
      findings.fail(`the log of ${server.url} has an error: ${JSON.stringify(line).slice(0, 500)}`)
    }
  }
}

// Every single bit: of signed requests of both modes, and of what members and clients hold.

import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Findings } from '../findings.ts'
import type { Random } from '../random.ts'
import { startServer } from '../server.ts'
import { type Bits, exchangeSkewed, flipSigned, flipText, SIGNED_REQUESTS } from './flips.ts'
import { overSockets, type WireRequest } from './wire.ts'

interface Setting {
  directory: string
  findings: Findings
  random: Random
  quick: boolean
}

/** Starts a server with keys of every kind, and changes what they sign and what opens it. */
export async function signingRun({ directory, findings, random, quick }: Setting): Promise<void> {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const privateKey = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const publicKey = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const opening = (prefix: string) => prefix + random.bytes(16).toString('hex')
  const [hmac, rsa, secret, plain] = [opening('as_'), opening('as_'), opening('s_'), opening('as_')]
  const [easypost, memberstack, visitor, control] = [
    opening('EZAK'),
    opening('sk_sb_'),
    opening('pk_sb_'),
    opening('ust_'),
  ]
  const rateLimit = { perSecond: 1_000_000 }
  const seed = join(directory, 'signing.yaml')
  const keys = [
    { name: 'hmac', mode: 'hmac', key: hmac, secret },
    { name: 'rsa', mode: 'rsa', key: rsa, publicKey },
    { name: 'plain', mode: 'api_key', key: plain },
  ]
  const limits = { listPerSecond: 1_000_000, perSecond: 1_000_000 }
  const club = { name: 'Club', keys: { sandboxSecret: memberstack, sandboxPublic: visitor }, settings: { rateLimit } }
  writeFileSync(
    seed,
    JSON.stringify({
      aftership: { organizations: [{ name: 'Signed', rateLimit, keys }] },
      easypost: { users: [{ name: 'P', email: 'a@b.example', rateLimit: limits, keys: { production: easypost } }] },
      memberstack: { apps: [club] },
      control: { tokens: [{ name: 'o', scope: 'admin', token: control }] },
    }),
  )
  const server = await startServer(join(directory, 'signing'), { flags: ['--seed', seed] })
  const { send, close } = overSockets(server.url)
  const bits: Bits = quick ? random : 'all'
  const statusOf = async (request: WireRequest) => (await send(request)).status
  try {
    const signed = { origin: server.url, now: Date.now, findings }
    await flipSigned(signed, { mode: 'hmac', key: hmac, secret }, SIGNED_REQUESTS, bits)
    await flipSigned(signed, { mode: 'rsa', key: rsa, secret: privateKey }, SIGNED_REQUESTS, bits)
    await exchangeSkewed(signed, { mode: 'hmac', key: hmac, secret })
    await exchangeSkewed(signed, { mode: 'rsa', key: rsa, secret: privateKey })
    const body = JSON.stringify({ email: 'm@b.example', password: opening('p') })
    const headers = { 'content-type': 'application/json', 'x-api-key': visitor }
    const { body: auth } = await send({ method: 'POST', path: '/auth/signup', headers, body })
    const token: string = JSON.parse(auth).data.tokens.accessToken
    await flipText({ findings, bits }, 'a member token', token, async text => {
      const asked = { ...headers, 'x-api-key': memberstack }
      const sent = JSON.stringify({ token: text })
      return (await statusOf({ method: 'POST', path: '/members/verify-token', headers: asked, body: sent })) === 200
    })
    const openings: [name: string, key: string, path: string, header: string, prefix: string][] = [
      ['an AfterShip key', plain, '/admin/2022-01/roles', 'as-api-key', ''],
      ['an EasyPost key', easypost, '/v2/users', 'authorization', 'Bearer '],
      ['a Memberstack key', memberstack, '/members', 'x-api-key', ''],
      ['a control token', control, '/understudy/v1/keys', 'authorization', 'Bearer '],
    ]
    for (const [name, key, path, header, prefix] of openings) {
      await flipText({ findings, bits }, name, key, async text => {
        // No header holds a control character: the client would not send it.
        if (/\p{Cc}/u.test(text)) return false
        return (await statusOf({ method: 'GET', path, headers: { [header]: prefix + text } })) === 200
      })
    }
  } finally {
    close()
    await server.stop()
  }
}

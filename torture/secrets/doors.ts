// What the time of a refusal must not tell apart: at each door an unknown credential and a wrong one, in two requests that
// differ in nothing else.

import { generateKeyPairSync } from 'node:crypto'
import type { Random } from '../random.ts'
import type { Send, WireRequest } from './wire.ts'

/** Of a signed body: what is computed of it must stand out, and only then. */
const BODY_BYTES = 512 * 1024
/** A member's failed logins are refused beyond ten. */
const LOGINS = 9
const ROLES = '/admin/2022-01/roles'

export interface Pair {
  name: string
  status: number
  unknown(): WireRequest
  wrong(): WireRequest
}

type Mode = 'hmac' | 'rsa'

/** The keys, tokens and members of one store, and what is asked with others in their place. */
export class Doors {
  readonly #random: Random
  readonly #keys: Record<'aftership' | 'easypost' | 'secret' | 'visitor', string>
  readonly #signing: Record<Mode, string>
  readonly #ended: Record<Mode | 'api_key', string>
  readonly #token: string
  readonly #password: string
  readonly #members: string[]
  #asked = 0
  #tried = 0

  /** For so many samples of each pair. */
  constructor(random: Random, samples: number) {
    this.#random = random
    this.#keys = {
      aftership: `as_${this.#text()}`,
      easypost: `EZAK${this.#text()}`,
      secret: `sk_sb_${this.#text()}`,
      visitor: `pk_sb_${this.#text()}`,
    }
    this.#signing = { hmac: `as_${this.#text()}`, rsa: `as_${this.#text()}` }
    this.#ended = { api_key: `as_${this.#text()}`, hmac: `as_${this.#text()}`, rsa: `as_${this.#text()}` }
    this.#token = `ust_${this.#text()}`
    this.#password = this.#text()
    this.#members = Array.from({ length: Math.ceil(samples / LOGINS) }, (_, index) => `m${index}@a.example`)
  }

  /** A seed file. */
  seed(): object {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const more = {
      api_key: {},
      hmac: { secret: this.#text() },
      rsa: { publicKey: publicKey.export({ type: 'spki', format: 'pem' }) },
    }
    const keyOf = (mode: Mode | 'api_key', key: string) => ({ name: key, mode, key, ...more[mode] })
    const rateLimit = { perSecond: 1_000_000 }
    const keys = [
      keyOf('api_key', this.#keys.aftership),
      ...(['hmac', 'rsa'] as const).map(mode => keyOf(mode, this.#signing[mode])),
      ...(['api_key', 'hmac', 'rsa'] as const).map(mode => keyOf(mode, this.#ended[mode])),
    ]
    const club = {
      name: 'Club',
      keys: { sandboxSecret: this.#keys.secret, sandboxPublic: this.#keys.visitor },
      settings: { rateLimit },
      members: { sandbox: this.#members.map(email => ({ email, password: this.#password })) },
    }
    return {
      aftership: { organizations: [{ name: 'O', rateLimit, keys }] },
      easypost: { users: [{ name: 'P', email: 'a@b.example', keys: { production: this.#keys.easypost } }] },
      memberstack: { apps: [club] },
      control: { tokens: [{ name: 'o', scope: 'admin', token: this.#token }] },
    }
  }

  /** Disables those keys that are to be. */
  async open(send: Send): Promise<void> {
    const headers = { authorization: `Bearer ${this.#token}` }
    const { body } = await send({ method: 'GET', path: '/understudy/v1/keys?limit=200', headers })
    const { data } = JSON.parse(body) as { data: { id: string; name: string }[] }
    const ended = Object.values(this.#ended)
    for (const { id } of data.filter(({ name }) => ended.includes(name))) {
      const { status } = await send({ method: 'POST', path: `/understudy/v1/keys/${id}/disable`, headers })
      if (status !== 200) throw new Error(`a key was not disabled: ${status}`)
    }
  }

  pairs(): Pair[] {
    const { aftership, easypost, secret } = this.#keys
    const [signing, ended] = [this.#signing, this.#ended]
    return [
      this.#keyed('AfterShip keys', aftership, ROLES, 'as-api-key', 401),
      this.#keyed('EasyPost keys', easypost, '/v2/users', 'authorization', 403),
      this.#keyed('Memberstack keys', secret, '/members', 'x-api-key', 401),
      this.#keyed('control tokens', this.#token, '/understudy/v1/keys', 'authorization', 401),
      {
        ...{ name: 'logins', status: 401 },
        unknown: () => this.#login(`n${this.#random.below(1e9)}@a.example`),
        wrong: () => this.#login(this.#members[this.#tried++ % this.#members.length] ?? ''),
      },
      this.#signed('AfterShip signatures (hmac)', 'hmac', signing.hmac),
      this.#signed('AfterShip signatures (rsa)', 'rsa', signing.rsa),
      this.#signed('AfterShip signatures of another mode', 'hmac', signing.rsa),
      this.#signed('disabled AfterShip keys that sign (hmac)', 'hmac', ended.hmac),
      this.#signed('disabled AfterShip keys that sign (rsa)', 'rsa', ended.rsa),
      {
        ...this.#keyed('disabled AfterShip keys', ended.api_key, ROLES, 'as-api-key', 401),
        wrong: () => this.#ask(ROLES, { 'as-api-key': ended.api_key }),
      },
    ]
  }

  /** A key of the same form, and one that ends otherwise. */
  #keyed(name: string, key: string, path: string, header: string, status: number): Pair {
    const scheme = header === 'authorization' ? 'Bearer ' : ''
    const start = /^[A-Za-z_]*_|^EZAK/.exec(key)?.[0] ?? ''
    const of = (sent: string) => this.#ask(path, { [header]: scheme + sent })
    return {
      ...{ name, status },
      unknown: () => of(start + this.#text()),
      wrong: () => of(key.slice(0, -8) + this.#text().slice(0, 8)),
    }
  }

  /** Signed by chance; as many bits as a signature has, and no number that a modulus is too small for. */
  #signed(name: string, mode: Mode, key: string): Pair {
    const body = 'x'.repeat(BODY_BYTES)
    const of = (sent: string): WireRequest => {
      const bytes = mode === 'hmac' ? this.#random.bytes(32) : Buffer.concat([Buffer.of(1), this.#random.bytes(255)])
      const signature = { [`as-signature-${mode}-sha256`]: bytes.toString('base64') }
      const headers = { 'as-api-key': sent, date: new Date().toUTCString(), ...signature }
      return { ...this.#ask('/admin/2022-01/memberships?b=1&a=%2B', headers), method: 'POST', body }
    }
    return { name, status: 401, unknown: () => of(`as_${this.#text()}`), wrong: () => of(key) }
  }

  #login(email: string): WireRequest {
    const headers = { 'content-type': 'application/json', 'x-api-key': this.#keys.visitor }
    const body = JSON.stringify({ email, password: this.#text() })
    return { ...this.#ask('/auth/login', headers), method: 'POST', body }
  }

  /** Each from another address: no limit of one is met. */
  #ask(path: string, headers: Record<string, string>): WireRequest {
    const address = `10.${this.#random.below(250)}.${this.#random.below(250)}.${(this.#asked++ % 250) + 1}`
    return { method: 'GET', path, headers: { ...headers, 'x-forwarded-for': address } }
  }

  #text(): string {
    return this.#random.bytes(16).toString('hex')
  }
}

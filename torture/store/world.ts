// What the servers under torture start from, and what the load asks of them: changes and reads of all three vendors.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Ask } from './client.ts'

const PLENTY = 1_000_000
const PEOPLE = 400

const KEYS = {
  aftership: { 'as-api-key': 'as_plain_key' },
  easypost: { authorization: `Basic ${Buffer.from('EZAKacme:').toString('base64')}` },
  memberstack: { 'x-api-key': 'sk_sb_acme' },
  operator: { authorization: 'Bearer ust_operator_token' },
}

export type Vendor = 'aftership' | 'easypost' | 'memberstack'

/** The rows that changes make, with their names, and the event that is written with each. */
export const ROWS: Record<Vendor, { query: string; event: string }> = {
  aftership: {
    query: 'select a.email as name, m.id from aftership_memberships m join aftership_accounts a on a.id = m.account_id',
    event: 'membership.created',
  },
  easypost: { query: 'select name, id from easypost_users where parent_id is not null', event: 'user.created' },
  memberstack: { query: 'select email as name, id from memberstack_members', event: 'member.created' },
}

interface Wire {
  /** Creates what is called by this name. */
  create(name: string): Ask
  created: number
  /** How many it can create. */
  most: number
  read: Ask
  readOne(id: string): Ask
  /** Where an answer has the ones that it lists, where it has the one that it shows or that was made, and there its name. */
  places: { list: readonly string[]; one: readonly string[]; name: readonly string[] }
  /** What stands in its 503. */
  unavailable: object
}

const temporarily = 'The service is temporarily unavailable.'

export const WIRES: Record<Vendor, Wire> = {
  aftership: {
    create: email => ({
      method: 'POST',
      path: '/admin/2022-01/memberships',
      headers: KEYS.aftership,
      body: { account: { email }, role: { code: 'member' } },
    }),
    created: 201,
    most: PEOPLE,
    read: { path: '/admin/2022-01/memberships?limit=5', headers: KEYS.aftership },
    readOne: id => ({ path: `/admin/2022-01/memberships/${id}`, headers: KEYS.aftership }),
    places: { list: ['data', 'memberships'], one: ['data'], name: ['account', 'email'] },
    unavailable: { meta: { code: 503, type: 'ServiceUnavailable' } },
  },
  easypost: {
    create: name => ({ method: 'POST', path: '/v2/users', headers: KEYS.easypost, body: { user: { name } } }),
    created: 201,
    most: Number.MAX_SAFE_INTEGER,
    read: { path: '/v2/users', headers: KEYS.easypost },
    readOne: id => ({ path: `/v2/users/${id}`, headers: KEYS.easypost }),
    places: { list: ['children'], one: [], name: ['name'] },
    unavailable: { error: { code: 'SERVICE_UNAVAILABLE', message: temporarily, errors: [] } },
  },
  memberstack: {
    create: email => ({
      method: 'POST',
      path: '/members',
      headers: KEYS.memberstack,
      body: { email, password: 'a password of theirs' },
    }),
    created: 200,
    most: Number.MAX_SAFE_INTEGER,
    read: { path: '/members?first=5', headers: KEYS.memberstack },
    readOne: id => ({ path: `/members/${id}`, headers: KEYS.memberstack }),
    places: { list: ['data'], one: ['data'], name: ['auth', 'email'] },
    unavailable: { message: temporarily },
  },
}

/** Of the nth thing that is made; all over a store differ. */
export function nameOf(number: number): string {
  return `n${number}@acme.test`
}

/** Writes the seed, with a webhook of EasyPost's to `receiver` where there is one. */
export function writeSeed(directory: string, receiver?: string): string {
  const people = Array.from({ length: PEOPLE }, (_, number) => ({ email: nameOf(number) }))
  const plain = { name: 'plain', mode: 'api_key', key: 'as_plain_key' }
  const hmac = { name: 'signed', mode: 'hmac', key: 'as_hmac_key', secret: 'as_hmac_secret' }
  const narrow = { name: 'plain', mode: 'api_key', key: 'as_narrow_key' }
  const rateLimit = { perSecond: PLENTY }
  const webhooks = receiver === undefined ? [] : [{ url: receiver, mode: 'production', secret: 'a secret' }]
  const parent = {
    name: 'Acme',
    keys: { test: 'EZTKacme', production: 'EZAKacme' },
    rateLimit: { listPerSecond: PLENTY, perSecond: PLENTY },
    webhooks,
  }
  const club = {
    name: 'Club',
    keys: { sandboxSecret: 'sk_sb_acme', sandboxPublic: 'pk_sb_acme' },
    settings: { tokenLifetimeSeconds: 1800, rateLimit: { perSecond: 100_000 } },
  }
  const seed = {
    aftership: {
      accounts: people,
      organizations: [
        { id: 'org_acme', name: 'Acme', invitations: 'automatic', rateLimit, keys: [plain, hmac] },
        { id: 'org_narrow', name: 'Narrow', rateLimit: { perSecond: 10 }, keys: [narrow] },
      ],
    },
    easypost: { users: [parent] },
    memberstack: { apps: [club] },
    webhooks: { allowPrivateAddresses: true },
    control: { tokens: [{ name: 'operator', scope: 'admin', token: 'ust_operator_token' }] },
  }
  const path = join(directory, 'seed.json')
  writeFileSync(path, JSON.stringify(seed))
  return path
}

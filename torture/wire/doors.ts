// Where requests go in: every vendor's prefix, the control API and the pages, with what is read and written there.

import { Buffer } from 'node:buffer'
import { bytesOf } from './request.ts'

const CONTROL_TOKEN = 'ust_wire_operator'
const KEYS = {
  aftership: 'as_wire_plain_key',
  easypost: 'EZAKwireproduction',
  secret: 'sk_sb_wire',
  public: 'pk_sb_wire',
}
/** People whom nobody may ever invite; those who may be are as many as `seed` says. */
const NEVERS = 50
/** Each with an id of its own, so that an answer tells what was asked. */
const RECORDS = 40

export interface Written {
  method: string
  path: string
  body: string
}

export interface Door {
  name: string
  /** Its headers: what opens it. */
  opens: readonly string[]
  /** Something to read: the answer to the `n`th is 200 and holds the text `tells`. */
  read(n: number): { path: string; tells: string }
  /** A change that carries a mark into the event log; none where nothing can be written. */
  write?(mark: string): Written
}

const json = (value: object) => JSON.stringify(value)
const idOf = (n: number) => String(n % RECORDS).padStart(4, '0')

export const control: Door = {
  name: 'control API',
  opens: [`authorization: Bearer ${CONTROL_TOKEN}`],
  read: n => ({ path: `/understudy/v1/aftership/accounts/acc_r${idOf(n)}`, tells: `"id":"acc_r${idOf(n)}"` }),
  write: mark => ({
    method: 'POST',
    path: '/understudy/v1/aftership/accounts',
    body: json({ email: `control.${mark}@wire.test` }),
  }),
}

const aftership: Door = {
  name: 'AfterShip',
  opens: [`as-api-key: ${KEYS.aftership}`],
  read: n => ({ path: `/admin/2022-01/memberships?page=${n + 1}&limit=1`, tells: `"page":${n + 1},` }),
  write: mark => ({
    method: 'POST',
    path: '/admin/2022-01/memberships',
    body: json({ account: { email: `${mark}@wire.test` }, role: { code: 'member' } }),
  }),
}

const easypost: Door = {
  name: 'EasyPost',
  opens: [`authorization: Basic ${Buffer.from(`${KEYS.easypost}:`).toString('base64')}`],
  read: n => ({ path: `/v2/users/user_r${idOf(n)}`, tells: `"id":"user_r${idOf(n)}"` }),
  write: mark => ({ method: 'POST', path: '/v2/users', body: json({ user: { name: mark } }) }),
}

const memberstack: Door = {
  name: 'Memberstack Admin',
  opens: [`x-api-key: ${KEYS.secret}`],
  read: n => ({ path: `/members/mem_sb_r${idOf(n)}`, tells: `"id":"mem_sb_r${idOf(n)}"` }),
  write: mark => ({ method: 'PATCH', path: '/members/mem_sb_written', body: json({ metaData: { mark } }) }),
}

const client: Door = {
  name: 'Memberstack client',
  opens: [`x-api-key: ${KEYS.public}`],
  read: () => ({ path: '/app', tells: '"name":"Wire"' }),
  write: mark => ({
    method: 'POST',
    path: '/auth/signup',
    body: json({ email: `signup.${mark}@wire.test`, password: 'a long password' }),
  }),
}

const pages: Door = {
  name: 'pages',
  opens: [],
  read: () => ({ path: '/docs', tells: '/docs/memberstack' }),
}

export const doors: readonly Door[] = [aftership, easypost, memberstack, client, control, pages]

/** Marks of what may be done, `invitable` of them in turn, and of what must never be. */
export class Marks {
  readonly #invitable: number
  #done = 0
  #never = 0

  constructor(invitable: number) {
    this.#invitable = invitable
  }

  next(): string {
    return `w${this.#done++ % this.#invitable}.mark`
  }

  never(): string {
    return `never${this.#never++ % NEVERS}`
  }
}

/** The bytes of a read, with further headers. */
export function readBytes(door: Door, n: number, lines: readonly string[] = []): Buffer {
  return bytesOf(`GET ${door.read(n).path} HTTP/1.1`, ['host: wire.test', ...door.opens, ...lines])
}

/** The bytes of a whole and valid write. */
export function writeBytes(door: Door, { method, path, body }: Written, lines: readonly string[] = []): Buffer {
  const sized = ['content-type: application/json', `content-length: ${Buffer.byteLength(body)}`]
  return bytesOf(`${method} ${path} HTTP/1.1`, ['host: wire.test', ...door.opens, ...sized, ...lines], body)
}

/** A seed with all that is read, people to invite, and limits that are out of the way. */
export function seed(invitable: number): string {
  const records = Array.from({ length: RECORDS }, (_, n) => idOf(n))
  const people = [
    { id: 'acc_owner', email: 'owner@wire.test' },
    ...records.map(id => ({ id: `acc_r${id}`, email: `r${id}@wire.test` })),
    ...Array.from({ length: invitable }, (_, n) => ({ id: `acc_w${n}.mark`, email: `w${n}.mark@wire.test` })),
    ...Array.from({ length: NEVERS }, (_, n) => ({ id: `acc_never${n}`, email: `never${n}@wire.test` })),
  ]
  const many = 1_000_000
  return json({
    aftership: {
      accounts: people,
      organizations: [
        {
          id: 'org_wire',
          name: 'Wire',
          invitations: 'automatic',
          rateLimit: { perSecond: many },
          keys: [{ name: 'plain', mode: 'api_key', key: KEYS.aftership }],
          memberships: [{ email: 'owner@wire.test', role: 'owner' }],
        },
      ],
    },
    easypost: {
      users: [
        {
          name: 'Wire',
          email: 'parent@wire.test',
          rateLimit: { listPerSecond: many, perSecond: many },
          keys: { production: KEYS.easypost },
          children: records.map(id => ({ id: `user_r${id}`, name: `Child ${id}` })),
        },
      ],
    },
    memberstack: {
      apps: [
        {
          name: 'Wire',
          keys: { sandboxSecret: KEYS.secret, sandboxPublic: KEYS.public },
          settings: { rateLimit: { perSecond: many }, sandboxMemberLimit: many },
          members: {
            sandbox: [
              { id: 'mem_sb_written', email: 'written@wire.test' },
              ...records.map(id => ({ id: `mem_sb_r${id}`, email: `r${id}@wire.test` })),
            ],
          },
        },
      ],
    },
    control: { tokens: [{ name: 'wire', scope: 'admin', token: CONTROL_TOKEN }] },
  })
}

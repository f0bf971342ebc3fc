// The servers that are compared, each with the requests that it understands: Understudy on either engine, and
// better-auth doing the same job.

import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { request } from './connection.ts'
import type { Contender } from './rounds.ts'
import { start, startUnderstudy } from './server-process.ts'
import { ORGANIZATION, userIdOf } from './stores/better-auth.ts'
import { idOf } from './stores/membership-rows.ts'
import { type MembershipStore, makeMembershipStore, type StoreOptions } from './stores/memberships.ts'
import type { Postgres } from './stores/postgres.ts'

const MEMBERSHIPS = '/admin/2022-01/memberships'

/** One that can be loaded in several ways. `n` counts members from 0. */
export interface Target extends Omit<Contender, 'load'> {
  read(n: number): Buffer
  /** Twenty members, from the `page`-th page on, counted from 0. */
  list(page: number): Buffer
  setRole(n: number, role: 'admin' | 'member'): Buffer
  remove(n: number): Buffer
}

export const PAGE_SIZE = 20

/** Understudy on a fresh store; in a directory below `directory`, or on PostgreSQL. */
export async function understudy(directory: string, options: StoreOptions, postgres?: Postgres) {
  const home = join(directory, postgres ? 'understudy-home' : 'understudy')
  mkdirSync(home, { recursive: true })
  const store = await makeMembershipStore(postgres?.url ?? home, { ...options, home })
  const server = await startUnderstudy(store.data, { env: { UNDERSTUDY_HOME: home } })
  return {
    name: `Understudy, ${postgres ? 'PostgreSQL' : 'SQLite'}`,
    server,
    store,
    ...(postgres ? { secondsBeside: () => postgres.seconds() } : {}),
    ...requestsTo(store),
  }
}

/** What a server on `store` is asked. */
export function requestsTo({ apiKey }: MembershipStore) {
  const headers = { 'as-api-key': apiKey }
  return {
    read: (n: number) => request('GET', pathOf(n), headers),
    readById: (id: string) => request('GET', `${MEMBERSHIPS}/${id}`, headers),
    readByEmail: (email: string) => request('GET', `${MEMBERSHIPS}?email=${email}`, headers),
    list: (page: number) => request('GET', pageOf(page), headers),
    setRole: (n: number, role: 'admin' | 'member') => request('PATCH', pathOf(n), headers, { role: { code: role } }),
    remove: (n: number) => request('DELETE', pathOf(n), headers),
    create: (email: string) => request('POST', MEMBERSHIPS, headers, { account: { email }, role: { code: 'member' } }),
  }
}

export function pathOf(n: number): string {
  return `${MEMBERSHIPS}/${idOf(n)}`
}

export function pageOf(page: number): string {
  return `${MEMBERSHIPS}?limit=${PAGE_SIZE}&page=${page + 1}`
}

/**
 * better-auth on a fresh store of `size` members. It has no read of one member by id: its read of the member's user is
 * the cheapest that it has for the job.
 */
export async function betterAuth(directory: string, size: number): Promise<Target> {
  const file = join(directory, 'better-auth.db')
  const server = await start(['servers/better-auth.ts', file, String(size)], { env: { NODE_ENV: 'production' } })
  // A browser sends both.
  const headers = { cookie: readFileSync(`${file}.cookie`, 'utf8'), origin: server.url }
  const call = (path: string, body: object) => request('POST', `/api/auth/${path}`, headers, body)
  return {
    name: 'better-auth',
    server,
    read: n => request('GET', `/api/auth/admin/get-user?id=${userIdOf(n)}`, headers),
    list: page => request('GET', `/api/auth/organization/list-members?${pageQuery(page)}`, headers),
    setRole: (n, role) =>
      call('organization/update-member-role', { memberId: idOf(n), role, organizationId: ORGANIZATION }),
    remove: n => call('organization/remove-member', { memberIdOrEmail: idOf(n), organizationId: ORGANIZATION }),
  }
}

function pageQuery(page: number): string {
  return `organizationId=${ORGANIZATION}&limit=${PAGE_SIZE}&offset=${page * PAGE_SIZE}`
}

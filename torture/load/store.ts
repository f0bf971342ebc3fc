// The store under load: one organization, one parent and one app, each of many, in one data directory; filled by the
// benchmark's own stores.

import { mkdirSync } from 'node:fs'
import { type ChildrenStore, makeChildrenStore } from '../../bench/stores/children.ts'
import { type MemberStore, makeMemberStore } from '../../bench/stores/members.ts'
import { type MembershipStore, makeMembershipStore } from '../../bench/stores/memberships.ts'
import { openContext } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { createPasswords } from '../../src/platform/passwords.ts'
import { loadSeed } from '../../src/seed/load.ts'

export interface LoadStore {
  directory: string
  memberships: MembershipStore
  children: ChildrenStore
  members: MemberStore
  /** Of a control token that may do everything. */
  operator: string
  /** The first of the members, who have the passwords of `passwordOf`. */
  visitors: number
  /** How many of each kind, the last ones, come and go. */
  leaving: number
}

export interface StoreSize {
  memberships: number
  children: number
  members: number
  visitors: number
  leaving: number
}

export const REALISTIC: StoreSize = {
  memberships: 20_000,
  children: 20_000,
  members: 20_000,
  visitors: 40,
  leaving: 500,
}
export const SMALL: StoreSize = { memberships: 500, children: 200, members: 500, visitors: 4, leaving: 50 }

/** With each of them the client API takes a hundred requests a second. */
const PUBLIC_KEYS = 64

/** Makes the data directory and fills it. */
export async function makeLoadStore(directory: string, size: StoreSize): Promise<LoadStore> {
  mkdirSync(directory, { recursive: true })
  const { visitors, leaving } = size
  const children = await makeChildrenStore(directory, size.children)
  const memberships = await makeMembershipStore(directory, {
    size: size.memberships,
    uninvited: leaving,
    invitations: 'automatic',
  })
  const passwordHashes = await hashesOf(visitors)
  const members = await makeMemberStore(directory, size.members, { publicKeys: PUBLIC_KEYS, passwordHashes })
  const operator = await makeControlToken(directory)
  return { directory, memberships, children, members, operator, visitors, leaving }
}

export function passwordOf(n: number): string {
  return `the password of member ${n}`
}

/** At the cost that the server hashes at, or logins would hash them anew. */
async function hashesOf(visitors: number): Promise<string[]> {
  const { passwords } = await readConfig({}, {})
  const { hash } = createPasswords(passwords)
  return Promise.all(Array.from({ length: visitors }, (_, n) => hash(passwordOf(n))))
}

async function makeControlToken(directory: string): Promise<string> {
  const { context, close } = await openContext(await readConfig({ data: directory }, {}))
  try {
    const seed = { control: { tokens: [{ name: 'load', scope: 'admin' as const }] } }
    const samples = await loadSeed(context, { name: 'load', seed, lineOf: () => 0 })
    return samples.control?.token ?? ''
  } finally {
    await close()
  }
}

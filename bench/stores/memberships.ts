// Makes a store with one AfterShip organization of many memberships. Organization, owner and key come through the same
// rules as a seed file; the other members (membership-rows.ts), whom the rules would make in ten minutes a million, go
// straight into the tables.

import { openContext } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { loadSeed } from '../../src/seed/load.ts'
import { quickly } from './filling.ts'
import { emailOf, insertAccounts, insertMemberships, ORGANIZATION, recount } from './membership-rows.ts'

/** So high that no benchmark meets it; every request is still counted. */
const REQUESTS_PER_SECOND = 10_000_000
const OWNER = 'owner@example.com'

export interface MembershipStore {
  /** What `serve --data` is given. */
  data: string
  /** A key of mode `api_key` that may read and write. */
  apiKey: string
  /** Members beside the owner; the n-th is `idOf(n)` and `emailOf(n)`. */
  size: number
  /** Registered accounts that are no members: `emailOf(size)` and those that follow. */
  uninvited: number
}

export interface StoreOptions {
  size: number
  uninvited?: number
  /** What becomes of those who are created: the product's default is `verify`, a mailed link. */
  invitations?: 'verify' | 'automatic'
  /** The directory of key and sample credentials, where `data` is a URL. */
  home?: string
}

/** Fills the empty store at `data`: a directory, or a URL. */
export async function makeMembershipStore(
  data: string,
  { size, uninvited = 0, invitations = 'verify', home = data }: StoreOptions,
): Promise<MembershipStore> {
  const { context, close } = await openContext(await readConfig({ data }, { UNDERSTUDY_HOME: home }))
  try {
    const organization = {
      id: ORGANIZATION,
      name: 'Acme',
      invitations,
      rateLimit: { perSecond: REQUESTS_PER_SECOND },
      keys: [{ name: 'bench', mode: 'api_key' as const }],
      memberships: [{ email: OWNER, role: 'owner' }],
    }
    const seed = { aftership: { accounts: [{ email: OWNER }], organizations: [organization] } }
    const samples = await loadSeed(context, { name: 'bench', seed, lineOf: () => 0 })
    await quickly(context, data, async tx => {
      await insertAccounts(tx, 0, size + uninvited)
      await insertMemberships(tx, 0, size)
      await recount(tx)
    })
    return { data, apiKey: samples.aftership?.apiKey ?? '', size, uninvited }
  } finally {
    await close()
  }
}

/** Emails of those who are no members yet. */
export function uninvitedIn({ size, uninvited }: MembershipStore): string[] {
  return Array.from({ length: uninvited }, (_, n) => emailOf(size + n))
}

// Makes a store on disk with one organization of many memberships, through the same rules as a seed file.

import { openContext } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { randomIds } from '../src/platform/ids.ts'
import { loadSeed } from '../src/seed/load.ts'

/** So high that no benchmark meets it; every request is still counted. */
const REQUESTS_PER_SECOND = 10_000_000

export interface Member {
  id: string
  email: string
}

export interface MembershipStore {
  directory: string
  /** A key of mode `api_key` that may read and write. */
  apiKey: string
  /** In creation order. */
  members: Member[]
  /** Emails of registered accounts that are not members yet. */
  uninvited: string[]
}

/** Fills the empty `directory` with `size` active memberships, and `uninvited` accounts beside them; all or nothing. */
export async function makeStore(directory: string, size: number, uninvited: number): Promise<MembershipStore> {
  const members = Array.from({ length: size }, (_, n) => ({ id: randomIds.hex32(), email: `member${n}@example.com` }))
  const others = Array.from({ length: uninvited }, (_, n) => `other${n}@example.com`)
  const organization = {
    name: 'Acme',
    rateLimit: { perSecond: REQUESTS_PER_SECOND },
    keys: [{ name: 'bench', mode: 'api_key' as const }],
    memberships: members.map(({ id, email }, n) => ({ id, email, role: n === 0 ? 'owner' : 'member' })),
  }
  const accounts = [...members.map(({ email }) => email), ...others].map(email => ({ email }))
  const { context, close } = await openContext(await readConfig({ data: directory }, {}))
  try {
    const seed = { aftership: { accounts, organizations: [organization] } }
    const samples = await loadSeed(context, { name: 'bench', seed, lineOf: () => 0 })
    return { directory, apiKey: samples.aftership?.apiKey ?? '', members, uninvited: others }
  } finally {
    await close()
  }
}

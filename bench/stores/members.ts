// Makes a store on disk with one Memberstack app of many members. App, plans and keys come through the same rules as a
// seed file; the members (member-rows.ts), whom the rules would make in ten minutes a million, go straight into the
// tables.

import { openContext } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import type { Context } from '../../src/platform/context.ts'
import { loadSeed } from '../../src/seed/load.ts'
import * as keys from '../../src/vendors/memberstack/keys.ts'
import { type Realm, VENDOR } from '../../src/vendors/memberstack/realm.ts'
import { quickly } from './filling.ts'
import { FIRST_NUMBER, insert, plans } from './member-rows.ts'

export interface MemberStore {
  directory: string
  size: number
  secretKey: string
  /** With each the client API takes a hundred requests a second. */
  publicKeys: string[]
}

export interface StoreOptions {
  publicKeys?: number
  /** The n-th member's, from the first on; the passwords of the others are known to nobody. */
  passwordHashes?: readonly string[]
}

/** So high that no benchmark meets it; every request is still counted. */
const REQUESTS_PER_SECOND = 1_000_000
const realm: Realm = { tenant: 'app_bench', environment: 'live' }

/** Fills the empty `directory` with `size` members of a live environment. */
export async function makeMemberStore(
  directory: string,
  size: number,
  { publicKeys = 1, passwordHashes = [] }: StoreOptions = {},
): Promise<MemberStore> {
  const { context, close } = await openContext(await readConfig({ data: directory }, {}))
  try {
    const settings = { rateLimit: { perSecond: REQUESTS_PER_SECOND } }
    const seed = { memberstack: { apps: [{ id: realm.tenant, name: 'Acme Club', settings, plans }] } }
    const samples = await loadSeed(context, { name: 'bench', seed, lineOf: () => 0 })
    const made: string[] = []
    while (made.length < publicKeys) made.push(await makePublicKey(context))
    await quickly(context, directory, async tx => {
      for (let n = 0; n < size; n++) await insert(tx, realm, n, passwordHashes[n])
      await count(tx, size)
    })
    return { directory, size, secretKey: samples.memberstack?.liveSecretKey ?? '', publicKeys: made }
  } finally {
    await close()
  }
}

async function makePublicKey(ctx: Context): Promise<string> {
  const operator = { vendor: VENDOR, tenant: realm.tenant, actor: 'cli:bench', operator: true as const }
  const { key } = await keys.create(ctx, operator, { kind: 'public', environment: realm.environment })
  return key
}

async function count(ctx: Context, size: number): Promise<void> {
  await ctx.db
    .updateTable('memberstack_environments')
    .set({ next_number: FIRST_NUMBER + size, members: size })
    .where('app_id', '=', realm.tenant)
    .where('environment', '=', realm.environment)
    .execute()
}

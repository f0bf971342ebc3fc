// API keys: contract section 7. A key belongs to one user and one mode; the tenant is the user's parent.

import { type Context, type Principal, withTransaction } from '../../platform/context.ts'
import { type Credential, keyInClear } from '../../platform/credentials/credential.ts'
import * as credentials from '../../platform/credentials/credentials.ts'
import * as disabling from '../../platform/credentials/disabling.ts'
import { DomainError } from '../../platform/errors.ts'
import * as store from './users.store.ts'

export const VENDOR = 'easypost'

export type KeyMode = 'test' | 'production'
export const keyModes: readonly KeyMode[] = ['test', 'production']

export interface NewKey {
  mode: KeyMode
  /** Pinned by a seed; made when left out. */
  key?: string | undefined
  holder?: string | undefined
}

/** A key with its secret in clear. */
export interface ShownKey {
  credential: Credential
  key: string
}

const PREFIXES: Record<KeyMode, string> = { test: 'EZTK', production: 'EZAK' }
const SECRET_LENGTH = 54

/** What the wire calls it in its events; a key that comes or goes with its user is told by the user's event alone. */
export const API_KEY = 'api_key'

/** Makes a key for a user of the principal's tenant. Throws `conflict` when the pinned key is in use. */
export async function create(
  ctx: Context,
  principal: Principal,
  owner: string,
  input: NewKey,
  noun: credentials.EventNoun = API_KEY,
): Promise<ShownKey> {
  const key = input.key ?? newKey(ctx, input.mode)
  const credential = await credentials.create(
    ctx,
    principal,
    {
      id: `ak_${ctx.ids.hex32()}`,
      vendor: VENDOR,
      tenant: principal.tenant,
      owner,
      mode: input.mode,
      name: `${input.mode} key`,
      key,
      keepKey: true,
      scopes: [],
      holder: input.holder,
    },
    noun,
  )
  return { credential, key }
}

/** A new user's keys, one a mode: test first, then production. */
export async function createPair(
  tx: Context,
  principal: Principal,
  owner: string,
  pinned: { [Mode in KeyMode]?: Omit<NewKey, 'mode'> | undefined } = {},
): Promise<ShownKey[]> {
  const made: ShownKey[] = []
  for (const mode of keyModes) made.push(await create(tx, principal, owner, { ...pinned[mode], mode }, 'credential'))
  return made
}

/** Serves again from the next request on, unless something else disabled it too. Again: no change, no event. Throws `notFound`. */
export async function enable(ctx: Context, principal: Principal, owner: string | undefined, id: string) {
  return withTransaction(ctx, principal, async tx => {
    await requireOwned(tx, principal, owner, id)
    return shown(tx, await disabling.enable(tx, principal, id, API_KEY))
  })
}

/** Refused from the next request on. Again: no change, no event. Throws `notFound`. */
export async function disable(ctx: Context, principal: Principal, owner: string | undefined, id: string) {
  return withTransaction(ctx, principal, async tx => {
    await requireOwned(tx, principal, owner, id)
    return shown(tx, await disabling.disable(tx, principal, id, API_KEY))
  })
}

/** Gone for good. Throws `notFound`. */
export async function remove(ctx: Context, principal: Principal, owner: string | undefined, id: string): Promise<void> {
  await withTransaction(ctx, principal, async tx => {
    await requireOwned(tx, principal, owner, id)
    await credentials.remove(tx, principal, id, API_KEY)
  })
}

export function shown(ctx: Context, credential: Credential): ShownKey {
  return { credential, key: keyInClear(ctx, credential) }
}

/** A key of the tenant, of a user that is still there, and of `owner` where only theirs may be touched. */
async function requireOwned(tx: Context, { tenant }: Principal, owner: string | undefined, id: string): Promise<void> {
  const credential = await credentials.get(tx, id)
  const ours = credential.vendor === VENDOR && credential.tenant === tenant
  const allowed = ours && (owner === undefined || credential.owner === owner)
  if (!allowed || !(await store.find(tx, tenant, credential.owner))) throw new DomainError('notFound', 'no such key')
}

/** Letters and digits alone: base64url without its two signs. */
function newKey(ctx: Context, mode: KeyMode): string {
  let secret = ''
  while (secret.length < SECRET_LENGTH) secret += ctx.ids.secret(SECRET_LENGTH).replace(/[-_]/g, '')
  return PREFIXES[mode] + secret.slice(0, SECRET_LENGTH)
}

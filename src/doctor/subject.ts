// What is examined: a configuration, its surroundings, and the store as far as it can be read.

import { migrations } from '../app.ts'
import { type Config, masterKeysAtHand } from '../config.ts'
import type { Clock } from '../platform/clock.ts'
import { openVaultToRead, type Vault } from '../platform/credentials/vault.ts'
import { IN_MEMORY, isPostgresUrl } from '../platform/db/engine.ts'
import { type Look, lookAt } from '../platform/db/look.ts'
import { ageOf, type StoreAge } from '../platform/db/migrate.ts'
import type { Lookup } from '../platform/outbound/post.ts'
import { decoded } from '../platform/outbound/url-parts.ts'

/** `memory`: it is in the server's process alone. `absent`: none was made yet. */
type StoreFound =
  | { state: 'memory' | 'absent' }
  | { state: 'unreachable'; reason: unknown }
  | { state: 'unready'; age: Exclude<StoreAge, 'current'> }
  | { state: 'ready'; look: Look }

export interface Subject {
  config: Config
  /** The environment that the configuration was read from. */
  env: NodeJS.ProcessEnv
  clock: Clock
  /** Milliseconds since the epoch too, but of a clock that nobody sets. */
  monotonicNow(): number
  lookup: Lookup
  /** The credentials in clear that the first start left in a home. */
  samplesIn(home: string): string[]
  store: StoreFound
  /** Opens what the store has sealed; undefined where there is no store, or no key that fits. */
  vault: Vault | undefined
  /** Texts that no line may hold. */
  secrets: readonly string[]
}

export type Surroundings = Pick<Subject, 'env' | 'clock' | 'monotonicNow' | 'lookup' | 'samplesIn'>

/** Opens the store to read. Close it with `closeSubject`. */
export async function openSubject(config: Config, surroundings: Surroundings, timeLimitMs: number): Promise<Subject> {
  const store = await findStore(config.data, timeLimitMs)
  const subject = { ...surroundings, config, store, secrets: secretsOf(config, surroundings.env) }
  try {
    return { ...subject, vault: await vaultOf(config, store) }
  } catch {
    // The check of the master key says why.
    return { ...subject, vault: undefined }
  }
}

export async function closeSubject({ store }: Subject): Promise<void> {
  if (store.state === 'ready') await store.look.close()
}

async function findStore(location: string, timeLimitMs: number): Promise<StoreFound> {
  if (location === IN_MEMORY) return { state: 'memory' }
  let look: Look | undefined
  try {
    look = await lookAt(location, timeLimitMs)
    if (!look) return { state: 'absent' }
    const age = await ageOf(look.db, migrations())
    if (age === 'current') return { state: 'ready', look }
    await look.close()
    return { state: 'unready', age }
  } catch (reason) {
    await look?.close()
    return { state: 'unreachable', reason }
  }
}

async function vaultOf(config: Config, store: StoreFound): Promise<Vault | undefined> {
  const keys = masterKeysAtHand(config)
  return store.state === 'ready' && keys.length > 0 ? openVaultToRead(store.look.db, keys) : undefined
}

/** What the configuration holds that is nobody else's: passwords in URLs, and the master keys. */
function secretsOf({ data, smtp }: Config, env: NodeJS.ProcessEnv): string[] {
  const urls = [isPostgresUrl(data) ? data : undefined, smtp?.url].map(text => URL.parse(text ?? ''))
  const passwords = urls.flatMap(url => (url ? [url.password, url.searchParams.get('password') ?? ''] : []))
  const written = passwords.flatMap(password => [password, decoded(password)])
  const keys = [env.UNDERSTUDY_MASTER_KEY ?? '', env.UNDERSTUDY_NEW_MASTER_KEY ?? '']
  return [...new Set([...written, ...keys])].filter(secret => secret !== '')
}

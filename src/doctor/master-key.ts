import { join } from 'node:path'
import { type Config, masterKeysAtHand } from '../config.ts'
import { isSameKey, masterKeyKeptIn } from '../platform/credentials/master-key.ts'
import { openingKey, WrongMasterKeyError } from '../platform/credentials/vault.ts'
import { IN_MEMORY } from '../platform/db/engine.ts'
import { type Check, type Finding, failure, ok, quoted, skipped, warning } from './check.ts'
import type { Subject } from './subject.ts'

const RESTORE = 'give it the key that the store was made with: UNDERSTUDY_MASTER_KEY, or master.key from the backup'

/** Who may read its file, the check of the data directory says. */
export const masterKey: Check = {
  name: 'master key',
  async run(subject) {
    const { config } = subject
    if (config.data === IN_MEMORY) return [ok('none is kept: the store is in memory')]
    let kept: Uint8Array | undefined
    let keys: Uint8Array[]
    try {
      kept = masterKeyKeptIn(config.home)
      keys = masterKeysAtHand(config)
    } catch (error) {
      return [failure(`the key file cannot be used: ${quoted(subject, error)}`, RESTORE)]
    }
    const finding = keys.length > 0 ? await opens(subject, keys) : missing(subject)
    return [finding, ...differing(config, kept)]
  },
}

async function opens({ config, store }: Subject, keys: readonly Uint8Array[]): Promise<Finding> {
  const place = config.masterKey ? 'UNDERSTUDY_MASTER_KEY' : join(config.home, 'master.key')
  if (store.state !== 'ready') return ok(`${place}; there is no store to try it on`)
  try {
    const opening = await openingKey(store.look.db, keys)
    if (keys[0] && !isSameKey(opening, keys[0])) {
      return warning(
        'the store is under its new master key',
        'run `understudy keys rotate-master` again: it says what is left',
      )
    }
    return ok(`${place} opens the data keys`)
  } catch (error) {
    if (!(error instanceof WrongMasterKeyError)) throw error
    return failure(`${place} does not open this store`, RESTORE)
  }
}

function missing({ store }: Subject): Finding {
  if (store.state === 'unreachable') return skipped('there is none here, and the store cannot be read')
  const isNew = store.state === 'absent' || (store.state === 'unready' && store.age === 'empty')
  return isNew ? ok('none yet: the first start makes one') : failure('there is a store, and no master key', RESTORE)
}

function differing({ masterKey }: Config, kept: Uint8Array | undefined): Finding[] {
  if (!masterKey || !kept || Buffer.from(masterKey).equals(kept)) return []
  const found = 'UNDERSTUDY_MASTER_KEY is set, and the master.key that is kept is another'
  return [warning(found, 'remove the one that does not open the store, once a backup has both')]
}

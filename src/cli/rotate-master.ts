// `understudy keys rotate-master`: finds out which keys are meant, rotates, and says what is left to the operator.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { openContext } from '../app.ts'
import { type Config, ConfigError, readMasterKey } from '../config.ts'
import type { Principal } from '../platform/context.ts'
import { fingerprintOf, isSameKey, isWeak, keptPathIn, masterKeyKeptIn } from '../platform/credentials/master-key.ts'
import { type Rotation, rotate, rotateIn } from '../platform/credentials/rotation.ts'
import { isPostgresUrl, sqliteFileIn } from '../platform/db/engine.ts'
import { print, UsageError } from './command.ts'

const OPERATOR: Principal = { vendor: 'understudy', tenant: '', actor: 'cli:keys', operator: true }

/** Also while servers run on the store: they hold its data keys, and need the master key at their next start. */
export async function rotateMaster(config: Config, newKeyFile: string | undefined): Promise<void> {
  const { data, home, masterKey } = config
  if (!isPostgresUrl(data) && !existsSync(sqliteFileIn(data))) throw new Error(`there is no store in ${data}`)
  const given = newKeyOf(config, newKeyFile)
  // With both keys: the store may be under the new one already.
  const { context, close } = await openContext({ ...config, newMasterKey: given })
  try {
    const rotation =
      masterKey && given
        ? await rotate(context, OPERATOR, masterKey, given)
        : await rotateIn(home, context, OPERATOR, given)
    print([...toldOf(rotation), ...(masterKey ? nextForGiven : nextForFile(config, rotation))].join('\n'))
  } finally {
    await close()
  }
}

/** The new key, where the operator gives one; there must be one where the present one is not in a file. */
function newKeyOf({ home, masterKey, newMasterKey }: Config, file: string | undefined): Uint8Array | undefined {
  if (file !== undefined && newMasterKey) throw new UsageError('--new-key or UNDERSTUDY_NEW_MASTER_KEY, not both')
  const given = file === undefined ? newMasterKey : readMasterKey(file)
  const present = masterKey ?? masterKeyKeptIn(home)
  if (!present) {
    throw new ConfigError(`${home} has no master.key; set UNDERSTUDY_MASTER_KEY as it is set for the server`)
  }
  if (masterKey && !given) {
    throw new ConfigError(
      'UNDERSTUDY_MASTER_KEY is set: give the key that is to take its place (`openssl rand -base64 32` makes one) with --new-key FILE or in UNDERSTUDY_NEW_MASTER_KEY',
    )
  }
  if (given && isSameKey(given, present)) throw new ConfigError('the new master key is the one in use already')
  if (given && isWeak(given)) throw new ConfigError('the new master key is not random; try `openssl rand -base64 32`')
  return given
}

function toldOf({ former, next, resumed }: Rotation): string[] {
  const [from, to] = [fingerprintOf(former), fingerprintOf(next)]
  return [
    resumed
      ? `The rotation from master key ${from} to ${to} had begun before, and is complete now.`
      : `The store is sealed under the new master key ${to}, and no longer under ${from}.`,
    'Servers that run go on as they are.',
    '',
  ]
}

const nextForGiven = [
  'Next: give every node the new key as UNDERSTUDY_MASTER_KEY before it starts again; UNDERSTUDY_NEW_MASTER_KEY is then',
  'not needed any more. Keep the former key for as long as there are backups made before: they open with it.',
]

function nextForFile({ data, home }: Config, { former }: Rotation): string[] {
  return [
    `Next: back up the new key, ${join(home, 'master.key')}. The former is kept for backups made before, in`,
    `${keptPathIn(home, former)}: remove it when the last of them is gone.`,
    ...(isPostgresUrl(data) ? ['Nodes with a home of their own need the new key there before they start again.'] : []),
  ]
}

import { resolve } from 'node:path'
import { migrations } from '../app.ts'
import { type Config, masterKeysAtHand, readConfig } from '../config.ts'
import { systemClock } from '../platform/clock.ts'
import type { Backup } from '../platform/db/backup/restore.ts'
import { IN_MEMORY, isPostgresUrl, shownLocation } from '../platform/db/engine.ts'
import { type Command, parseFlags, print, UsageError } from './command.ts'

export const restore: Command = {
  name: 'restore',
  usage: 'understudy restore FILE [--data DIR]',
  summary: 'make a store of a backup, of either engine, where none is yet, and compare every row',
  async run(argv) {
    const { flags, positionals } = parseFlags(argv, ['data'], [], ['FILE'])
    const config = await readConfig(flags)
    if (config.data === IN_MEMORY) throw new UsageError('a store in memory ends with its server: none can be restored')
    // Loaded for this command alone: no other one waits for what it stands on.
    const { openBackup, restoreInto } = await import('../platform/db/backup/restore.ts')
    const opened = await openBackup(resolve(positionals[0] ?? ''), migrations())
    try {
      const store = { location: config.data, masterKeys: masterKeysOf(config) }
      await restoreInto(store, opened, migrations(), systemClock.now())
      print(report(opened, config))
    } finally {
      opened.source.close()
    }
    return 0
  },
}

/** The keys of which the server on the new store will need one too. */
function masterKeysOf(config: Config): Uint8Array[] {
  const keys = masterKeysAtHand(config)
  if (keys.length > 0) return keys
  throw new Error(
    `${config.home} has no master.key; put that of the store that was backed up there, or set UNDERSTUDY_MASTER_KEY as it was set for its server`,
  )
}

function report({ path, manifest }: Backup, { data, home, masterKey }: Config): string {
  const rows = [...manifest.tables.values()].reduce((sum, table) => sum + table.rows, 0)
  const environment = isPostgresUrl(data) && !masterKey ? `UNDERSTUDY_HOME='${resolve(home)}' ` : ''
  return `${path} is a store again: ${rows.toLocaleString('en')} rows of ${manifest.tables.size} tables, each read back and as it was.
It is as of ${manifest.madeAt}: whoever was disabled, removed or signed out later is not. Look at \`understudy keys audit\`.
Mails and webhooks that were waiting then are sent when a server starts:

  ${environment}npx understudy serve --data '${shownLocation(data)}'`
}

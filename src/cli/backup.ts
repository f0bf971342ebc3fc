import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { migrations } from '../app.ts'
import { type Config, masterKeysAtHand, readConfig } from '../config.ts'
import { systemClock, timestamp } from '../platform/clock.ts'
import { IN_MEMORY, isPostgresUrl } from '../platform/db/engine.ts'
import { version } from '../platform/version.ts'
import { type Command, parseFlags, print, UsageError } from './command.ts'

const MIB = 1024 * 1024

export const backup: Command = {
  name: 'backup',
  usage: 'understudy backup FILE [--data DIR]',
  summary: 'write the whole store, as it is at one moment, into a new file, also while servers run on it',
  async run(argv) {
    const { flags, positionals } = parseFlags(argv, ['data'], [], ['FILE'])
    const path = resolve(positionals[0] ?? '')
    const config = await readConfig(flags)
    if (config.data === IN_MEMORY)
      throw new UsageError('a store in memory ends with its server: there is no backup of it')
    const masterKeys = masterKeysAtHand(config)
    // Loaded for this command alone: no other one waits for what it stands on.
    const { backUp } = await import('../platform/db/backup/backup.ts')
    const about = { madeAt: timestamp(systemClock.now()), version }
    const { tables } = await backUp({ location: config.data, masterKeys }, path, migrations(), about)
    const rows = [...tables.values()].reduce((sum, table) => sum + table.rows, 0)
    const mebibytes = (statSync(path).size / MIB).toFixed(1)
    print(`${path}: ${rows.toLocaleString('en')} rows of ${tables.size} tables, ${mebibytes} MiB, of ${about.madeAt}
${whereTheKeyIs(config, masterKeys.length)}
With it, this makes a store of the backup again, in an empty directory or database:

  npx understudy restore '${path}' --data ${isPostgresUrl(config.data) ? 'postgres://…' : 'DIR'}`)
    return 0
  },
}

/** What a backup is of no use without. */
function whereTheKeyIs({ home, masterKey }: Config, found: number): string {
  const place = masterKey ? 'UNDERSTUDY_MASTER_KEY as it is set here' : resolve(join(home, 'master.key'))
  const unchecked = 'the UNDERSTUDY_MASTER_KEY or master.key of its servers; it is not here, so it was not checked'
  const both = `${place}, and the new one beside it: run \`understudy keys rotate-master\` again, which completes the rotation`
  return `The master key is not in it, and no server opens it without: keep, in another place, ${[unchecked, place][found] ?? both}`
}

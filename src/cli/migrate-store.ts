import { resolve } from 'node:path'
import { migrations } from '../app.ts'
import { type Config, masterKeysAtHand, readConfig } from '../config.ts'
import { openingKey } from '../platform/credentials/vault.ts'
import { IN_MEMORY, isPostgresUrl, shownLocation, sqliteFileIn } from '../platform/db/engine.ts'
import type { MovedTable } from '../platform/db/move/move.ts'
import { type Command, parseFlags, print, UsageError } from './command.ts'

const NAME_WIDTH = 32
const ROWS_WIDTH = 12
const SECONDS_WIDTH = 10

export const migrateStore: Command = {
  name: 'migrate-store',
  usage: 'understudy migrate-store --from DIR [--to postgres://…]',
  summary: 'copy a stopped server’s SQLite store into an empty PostgreSQL database, and compare every row',
  async run(argv) {
    const { flags } = parseFlags(argv, ['from', 'to'])
    const from = flags.from ?? ''
    if (from === '' || from === IN_MEMORY || isPostgresUrl(from)) {
      throw new UsageError('--from must name the data directory of a SQLite store')
    }
    const config = await readConfig({ data: flags.to })
    if (!isPostgresUrl(config.data)) {
      throw new UsageError('--to, or DATABASE_URL in the environment, must be a postgres:// URL')
    }
    // Loaded for this command alone: no other one waits for what it stands on.
    const [{ moveStore }, { openSource }] = await Promise.all([
      import('../platform/db/move/move.ts'),
      import('../platform/db/move/source.ts'),
    ])
    const source = await openSource(sqliteFileIn(from), migrations())
    try {
      await openingKey(source.db, masterKeysIn({ ...config, home: from }))
      const startedAt = performance.now()
      const tables: MovedTable[] = []
      await moveStore(source, config.data, migrations(), table => {
        if (tables.push(table) === 1) print(line('table', 'rows', 'seconds'))
        print(lineOf(table))
      })
      const rows = tables.reduce((sum, table) => sum + table.rows, 0)
      print(lineOf({ name: 'all, with their indexes', rows, ms: performance.now() - startedAt }))
    } finally {
      source.close()
    }
    print(whatNext(config, from))
    return 0
  },
}

/** The keys of which the server on the new store will need one too. */
function masterKeysIn(config: Config): Uint8Array[] {
  const keys = masterKeysAtHand(config)
  if (keys.length > 0) return keys
  throw new Error(`${config.home} has no master.key; set UNDERSTUDY_MASTER_KEY as it is set for the server`)
}

function lineOf({ name, rows, ms }: MovedTable): string {
  return line(name, rows.toLocaleString('en'), (ms / 1000).toFixed(1))
}

function line(name: string, rows: string, seconds: string): string {
  return `${name.padEnd(NAME_WIDTH)}${rows.padStart(ROWS_WIDTH)}${seconds.padStart(SECONDS_WIDTH)}`
}

function whatNext({ data, masterKey }: Config, from: string): string {
  const directory = resolve(from)
  return `
Every row was read back and is as it was. ${directory} is unchanged; keep it until the new store has a backup.
The new store opens with the same master key only${masterKey ? ': keep UNDERSTUDY_MASTER_KEY as it is' : `, which is ${directory}/master.key: keep it, on every node`}. Start on it with

  UNDERSTUDY_HOME='${directory}' npx understudy serve --data '${shownLocation(data)}'`
}

// A backup is a SQLite file, whatever the engine of its store: one snapshot of all tables, with their sums. The master
// key is not in it.

import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { openingKey } from '../../credentials/vault.ts'
import { isPostgresUrl, shownLocation, sqliteFileIn } from '../engine.ts'
import type { Migrations } from '../migrate.ts'
import { appliedTo, kyselyOn, sourceIn } from '../move/source.ts'
import type { Tallied } from '../move/tally.ts'
import { type Check, checkVersion } from '../move/version.ts'
import { differing, type Manifest, talliesOf, writeManifest } from './manifest.ts'
import { placed } from './place.ts'
import { checkIntact, vacuumInto } from './sqlite-file.ts'

/** A data directory or a `postgres://` URL. The master keys are tried where any is at hand. */
export interface StoreToBackUp {
  location: string
  masterKeys: readonly Uint8Array[]
}

const LOCK_WAIT_MS = 10_000
const BACKED_UP_BY = {
  newer: 'back it up with the Understudy that ran on it last',
  older: 'back it up with the Understudy that ran on it last, or start this server on it once',
}

/**
 * Writes a backup of the store to `path`, where nothing may be yet; servers may run on the store meanwhile, and wait for
 * nothing. Throws, and leaves no file there, when the store is not of these migrations or damaged, when no master key is
 * the store's, and when what was written does not read back as it was.
 */
export async function backUp(
  { location, masterKeys }: StoreToBackUp,
  path: string,
  migrations: Migrations,
  about: Pick<Manifest, 'madeAt' | 'version'>,
): Promise<Manifest> {
  const taken = () => new Error(`${path} is there already; name another file, or remove it first`)
  if (existsSync(path)) throw taken()
  if (!existsSync(dirname(path))) throw new Error(`there is no directory ${dirname(path)}`)
  const check: Check = async (db, applied) => {
    if (applied.length === 0) throw new Error(`there is no store at ${shownLocation(location)}`)
    checkVersion('the store', applied, migrations, BACKED_UP_BY)
    if (masterKeys.length > 0) await openingKey(db, masterKeys)
  }
  return placed(path, taken, async draft => {
    if (!isPostgresUrl(location)) {
      await copyFromSqlite(sqliteFileIn(location), draft, check)
      return finished(draft, about)
    }
    // Its driver is loaded where it is needed.
    const { copyFromPostgres } = await import('./from-postgres.ts')
    return finished(draft, about, await copyFromPostgres(location, draft, migrations, check))
  })
}

async function copyFromSqlite(path: string, draft: string, check: Check): Promise<void> {
  if (!existsSync(path)) throw new Error(`there is no store at ${path}`)
  const database = new DatabaseSync(path, { timeout: LOCK_WAIT_MS })
  try {
    const db = kyselyOn(database)
    await check(db, await appliedTo(db))
    vacuumInto(database, draft)
  } finally {
    database.close()
  }
}

/** Reads a copy back, and makes it a backup. `sent` is what was read from its store, where that was seen. */
async function finished(
  draft: string,
  about: Pick<Manifest, 'madeAt' | 'version'>,
  sent?: Map<string, Tallied>,
): Promise<Manifest> {
  const database = new DatabaseSync(draft)
  try {
    checkIntact(database, 'the store')
    const manifest = { ...about, tables: talliesOf(await sourceIn(database)) }
    const table = sent && differing(manifest, sent)
    if (table !== undefined) throw new Error(`${table}: the rows came out other than they went in`)
    writeManifest(database, manifest)
    return manifest
  } finally {
    database.close()
  }
}

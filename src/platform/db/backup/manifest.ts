// What a backup says of itself: when it was made, by which version, and the sum of each table, by which a row that came
// out of it is known to be as it went in.

import type { DatabaseSync } from 'node:sqlite'
import { MANIFEST_TABLE, type Source } from '../move/source.ts'
import { type Tallied, tallyOf } from '../move/tally.ts'

export interface Manifest {
  /** Whatever was acknowledged before is in the backup. */
  madeAt: string
  /** Of the Understudy that made it. */
  version: string
  tables: Map<string, Tallied>
}

/** Reads every table. */
export function talliesOf(source: Source): Map<string, Tallied> {
  return new Map(source.tables.map(table => [table.name, tallyOf(source, table)]))
}

export function writeManifest(database: DatabaseSync, { madeAt, version, tables }: Manifest): void {
  database.exec(`create table ${MANIFEST_TABLE} (made_at text not null, version text not null, tables text not null)`)
  const insert = database.prepare(`insert into ${MANIFEST_TABLE} values (?, ?, ?)`)
  insert.run(madeAt, version, JSON.stringify([...tables]))
}

/** Undefined where there is none: then it is no backup. */
export function readManifest(database: DatabaseSync): Manifest | undefined {
  const table = database.prepare('select 1 from sqlite_schema where name = ?').get(MANIFEST_TABLE)
  const row = table && database.prepare(`select made_at, version, tables from ${MANIFEST_TABLE}`).get()
  if (!row) return undefined
  return { madeAt: String(row.made_at), version: String(row.version), tables: new Map(JSON.parse(String(row.tables))) }
}

/** The first table whose rows are not those of the manifest. */
export function differing({ tables }: Manifest, found: Map<string, Tallied>): string | undefined {
  const names = new Set([...tables.keys(), ...found.keys()])
  return [...names].find(name => tables.get(name)?.sum !== found.get(name)?.sum)
}

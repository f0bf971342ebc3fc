// What a store holds once its server has stopped, against what clients were told.

import { sql } from 'kysely'
import { openContext } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { verify } from '../../src/platform/events/seals-verify.ts'
import type { Findings } from '../findings.ts'
import type { Change } from './load.ts'
import { ROWS, type Vendor } from './world.ts'

export interface Told {
  data: string
  /** Settings of its server: where its master key is. */
  env?: NodeJS.ProcessEnv
  changes: readonly Change[]
  /** Whether a change that was refused may have happened: the answer to its commit was lost on the way. */
  inDoubt?: boolean
}

/** Every acknowledged change is there once, with one event; no other is there but for those in doubt, and whole. */
export async function checkStored(
  findings: Findings,
  { data, env = {}, changes, inDoubt = false }: Told,
): Promise<void> {
  const { context, close } = await openContext(await readConfig({ data }, { ...env, UNDERSTUDY_LOG_LEVEL: 'silent' }))
  const { db } = context
  let lost = 0
  let twice = 0
  let half = 0
  let despite = 0
  try {
    for (const [vendor, { query, event }] of Object.entries(ROWS)) {
      const found = await sql.raw<{ name: string; id: string }>(query).execute(db)
      const rows = Map.groupBy(found.rows, row => row.name)
      const written = db.selectFrom('events').select('subject').where('type', '=', event)
      const events = Map.groupBy(await written.where('vendor', '=', vendor).execute(), ({ subject }) => subject)
      for (const change of changes) {
        if (change.vendor !== (vendor as Vendor)) continue
        const found = rows.get(change.name) ?? []
        if (found.length === 0 && change.outcome === 'acknowledged') lost++
        if (found.length > 1) twice++
        if (found.length > 0 && change.outcome === 'refused' && !inDoubt) despite++
        for (const { id } of found) if (events.get(id)?.length !== 1) half++
      }
    }
    // What its jobs would have sealed is looked at too: nothing may be missing between.
    const verdict = await verify(context)
    for (const { message } of verdict.findings) findings.fail(`the events are as they were sealed, and ${message}`)
    const checked = data.startsWith('postgres') ? [] : (await sql<object>`pragma integrity_check`.execute(db)).rows
    const damage = checked.map(row => Object.values(row).join()).filter(line => line !== 'ok')
    for (const line of damage) findings.fail(`the file is whole, and ${line}`)
  } finally {
    await close()
  }
  findings.count('acknowledged, and lost', lost)
  findings.count('done twice', twice)
  findings.count('half done', half)
  if (lost > 0) findings.fail(`nothing acknowledged is lost, and ${lost} changes are (${data})`)
  if (twice > 0) findings.fail(`nothing is done twice, and ${twice} changes are (${data})`)
  if (half > 0) findings.fail(`a change is done with its event or not at all, and ${half} are not (${data})`)
  if (despite > 0) findings.fail(`what is refused is not done, and ${despite} changes are (${data})`)
}

// All that has to hold of a store on which nobody works just now.

import { openContext } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { diagnose } from '../../src/doctor/diagnose.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { verify } from '../../src/platform/events/seals-verify.ts'
import { lookupAll } from '../../src/platform/outbound/post.ts'
import type { Findings } from '../findings.ts'
import { BOOKS, differencesIn, eventsIn } from './books.ts'
import type { Ledger } from './ledger.ts'
import type { Store } from './stores.ts'

const TIME_LIMIT_MS = 10_000

/** Holds the store against itself and against the ledger. Returns what became of what was in doubt. */
export async function checkStore(store: Store, ledger: Ledger, findings: Findings, atEnd = false) {
  for (const found of await store.damage()) findings.fail(`the store is damaged: ${found}`)
  const tables = await store.read(...BOOKS)
  const differences = differencesIn(tables)
  findings.count('changes without their event, or the reverse', differences.length)
  for (const difference of differences) findings.fail(`log and rows differ: ${difference}`)
  return ledger.compare(eventsIn(tables), findings, atEnd)
}

/** What an operator would ask: are all events as they were sealed, and is anything wrong? As the commands do. */
export async function askOperator({ location }: Store, env: NodeJS.ProcessEnv, findings: Findings): Promise<void> {
  const config = await readConfig({ data: location, port: '0' }, { ...env, UNDERSTUDY_LOG_LEVEL: 'silent' })
  const { context, close } = await openContext(config)
  const verdict = await verify(context, undefined).finally(close)
  for (const { message } of verdict.findings) findings.fail(`events verify: ${message}`)
  const surroundings = {
    env,
    clock: systemClock,
    monotonicNow: () => performance.timeOrigin + performance.now(),
    lookup: lookupAll,
    samplesIn: () => [],
  }
  const reports = await diagnose({ data: location, port: '0' }, surroundings, TIME_LIMIT_MS)
  for (const { level, check, found } of reports) {
    if (level === 'failure') findings.fail(`doctor, of the ${check}: ${found}`)
  }
}

// All that has to hold of a store on which nobody works just now.

import type { Findings } from '../findings.ts'
import { BOOKS, differencesIn, eventsIn } from './books.ts'
import { command } from './command.ts'
import type { Ledger } from './ledger.ts'
import type { Store } from './stores.ts'

/** Holds the store against itself and against the ledger. Returns what became of what was in doubt. */
export async function checkStore(store: Store, ledger: Ledger, findings: Findings, atEnd = false) {
  for (const found of await store.damage()) findings.fail(`the store is damaged: ${found}`)
  const tables = await store.read(...BOOKS)
  const differences = differencesIn(tables)
  findings.count('changes without their event, or the reverse', differences.length)
  for (const difference of differences) findings.fail(`log and rows differ: ${difference}`)
  return ledger.compare(eventsIn(tables), findings, atEnd)
}

/** What an operator would ask: are all events as they were sealed, and is anything wrong? */
export async function askOperator({ location }: Store, env: NodeJS.ProcessEnv, findings: Findings): Promise<void> {
  const verified = await command(['events', 'verify', '--data', location], env)
  if (verified.code !== 0) findings.fail(`events verify: ${verified.output}`)
  const examined = await command(['doctor', '--data', location, '--port', '0'], env)
  if (examined.code !== 0) findings.fail(`doctor: ${examined.output}`)
}

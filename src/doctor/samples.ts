import { timestamp } from '../platform/clock.ts'
import { countOf } from '../platform/count-of.ts'
import { checkOfStore, ok, skipped, warning } from './check.ts'
import { isForOthers } from './reach.ts'

/** The keys of the first start, which stand in a file: fine to try things, and not for others to reach. */
export const samples = checkOfStore('sample keys', async ({ config, vault, clock, samplesIn }, db) => {
  if (!isForOthers(config)) return [ok('whatever they open, only this machine reaches')]
  if (!vault) return [skipped('they cannot be looked up without the master key')]
  let known: string[]
  try {
    known = samplesIn(config.home)
  } catch {
    // Not its message, which quotes what it could not read.
    return [warning(`${config.home}/environment.json cannot be read`, 'remove it, or put it back from a backup')]
  }
  if (known.length === 0) return [ok('none is kept')]
  const working = await db
    .selectFrom('credentials')
    .select('id')
    .where('lookup_hash', 'in', known.map(vault.lookupHash))
    .where('disabled_at', 'is', null)
    .where(eb => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', timestamp(clock.now()))]))
    .execute()
  if (working.length === 0) return [ok('none works any more')]
  const found = `${countOf(working.length, 'key')} of the first start still work, and others reach the server`
  return [warning(found, 'make keys for each client in the control API, and disable these')]
})

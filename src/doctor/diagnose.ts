import { ConfigError, type Flags, readConfig } from '../config.ts'
import { failure } from './check.ts'
import { examine, type Report } from './examine.ts'
import { closeSubject, openSubject, type Surroundings } from './subject.ts'

/** Examines what a server with these flags would run with. Each check, and the way to the store, may take `timeLimitMs`. */
export async function diagnose(flags: Flags, surroundings: Surroundings, timeLimitMs: number): Promise<Report[]> {
  const config = await readConfig(flags, surroundings.env).catch((error: unknown) => {
    if (error instanceof ConfigError) return error
    throw error
  })
  if (config instanceof ConfigError) {
    return [{ check: 'configuration', ...failure(config.message, 'mend it: nothing else can be looked at before') }]
  }
  const subject = await openSubject(config, surroundings, timeLimitMs / 2)
  try {
    return await examine(subject, timeLimitMs)
  } finally {
    await closeSubject(subject)
  }
}

import { openContext } from '../app.ts'
import { readConfig } from '../config.ts'
import { IN_MEMORY } from '../platform/db/engine.ts'
import { DomainError } from '../platform/errors.ts'
import { type Verdict, verify } from '../platform/events/seals-verify.ts'
import { type Command, parseFlags, print, UsageError } from './command.ts'

const STATEMENT_TIMEOUT_MS = 3_600_000

export const events: Command = {
  name: 'events',
  usage: 'understudy events verify [--expect HEAD] [--json] [--data DIR]',
  summary: 'check that no event was changed, removed, put in or moved since it was sealed, also while a server runs',
  async run(argv) {
    const { flags, switches, positionals } = parseFlags(argv, ['data', 'expect'], ['json'], ['verify'])
    if (positionals[0] !== 'verify') throw new UsageError(`there is no "events ${positionals[0]}"`)
    const config = await readConfig(flags)
    if (config.data === IN_MEMORY) throw new UsageError('a store in memory has no events outside its server')
    // The whole log is walked: no statement of it is hurried as a request's is.
    const postgres = { ...config.postgres, statementTimeoutMs: STATEMENT_TIMEOUT_MS }
    const { context, close } = await openContext({ ...config, postgres })
    try {
      const verdict = await verify(context, flags.expect)
      print(switches.json ? JSON.stringify(verdict) : linesOf(verdict).join('\n'))
      return verdict.found === 0 ? 0 : 1
    } catch (error) {
      throw error instanceof DomainError && error.code === 'invalid'
        ? new UsageError(`--expect: ${error.message}`)
        : error
    } finally {
      await close()
    }
  },
}

function linesOf({ sealed, tenants, unsealed, head, findings, found }: Verdict): string[] {
  const more = found > findings.length ? [`and ${found - findings.length} more`] : []
  return [
    ...findings.map(({ kind, message }) => `${kind}: ${message}`),
    ...more,
    `${sealed} events of ${tenants} tenants sealed; ${unsealed} not sealed yet; ${found} findings`,
    `head ${head}`,
  ]
}

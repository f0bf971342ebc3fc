import { shownLocation } from '../platform/db/engine.ts'
import type { Look, ServerFacts } from '../platform/db/look.ts'
import { type Check, type Finding, failure, orOk, quoted, warning } from './check.ts'
import type { Subject } from './subject.ts'

const DAMAGE_TIME_MS = 8000
/** Older ones get no fixes any more: https://www.postgresql.org/support/versioning/ */
const POSTGRES_SUPPORTED = 15
/** What a node opens beside its pool: for reads, and for rate limits. */
const BESIDE_POOL = 2

const UNREADY = {
  empty: warning('the store is empty', 'start the server: its first start fills it'),
  older: warning(
    'the store is of an older version',
    'make a backup, and start the server: it brings the store up to date',
  ),
  newer: failure('the store is of a newer version than this Understudy', 'run the version that ran on it last'),
}

export const store: Check = {
  name: 'store',
  async run(subject) {
    const { store, config } = subject
    switch (store.state) {
      case 'memory':
        return [warning('the store is in memory: all of it ends with the server', 'name a directory with --data')]
      case 'absent':
        return [warning('there is no store yet', 'start the server: its first start makes it')]
      case 'unreachable': {
        const found = `${shownLocation(config.data)} cannot be used: ${quoted(subject, store.reason)}`
        return [failure(found, 'mend that, or restore the backup')]
      }
      case 'unready':
        return [UNREADY[store.age]]
      case 'ready':
        return lookInto(subject, store.look)
    }
  },
}

async function lookInto(subject: Subject, look: Look): Promise<Finding[]> {
  const place = shownLocation(subject.config.data)
  if (look.server) {
    const facts = await look.server()
    return orOk(judgeServer(facts, subject.config.postgres.poolMax), serverLine(facts, place))
  }
  return orOk(look.damage ? await damageIn(subject, look.damage) : [], `${place} is whole and up to date`)
}

async function damageIn(subject: Subject, look: NonNullable<Look['damage']>): Promise<Finding[]> {
  try {
    const lines = await look(DAMAGE_TIME_MS)
    const advice = 'stop the server, keep a copy of the file, and restore the backup'
    return lines.map(line => failure(`the store is damaged: ${quoted(subject, line)}`, advice))
  } catch (error) {
    const killed = error instanceof Error && 'killed' in error && error.killed === true
    const found = `not looked through for damage: ${killed ? `that takes more than ${DAMAGE_TIME_MS} ms` : quoted(subject, error)}`
    return [warning(found, 'run `pragma quick_check` on a restored backup of it')]
  }
}

function serverLine({ version, connections, connections_max }: ServerFacts, place: string): string {
  return `PostgreSQL ${versionText(version)} at ${place}, up to date; ${connections} of ${connections_max} connections in use`
}

/** What to say of a database server, where a node opens `poolMax` connections beside its two. */
export function judgeServer(facts: ServerFacts, poolMax: number): Finding[] {
  const findings: Finding[] = []
  const say = (finding: Finding) => findings.push(finding)
  if (Math.floor(facts.version / 10_000) < POSTGRES_SUPPORTED) {
    say(warning(`PostgreSQL ${versionText(facts.version)} gets no fixes any more`, 'upgrade it'))
  }
  if (facts.copy) say(failure('the server is a copy, which takes no writes', 'name the primary server in DATABASE_URL'))
  if (facts.fsync === 'off') say(failure('fsync is off: a power cut can destroy the database', 'turn it on'))
  if (facts.full_page_writes === 'off') {
    say(
      failure(
        'full_page_writes is off: a power cut can destroy pages',
        'turn it on, unless the disk writes whole pages',
      ),
    )
  }
  if (facts.synchronous_commit === 'off') {
    say(warning('synchronous_commit is off: a crash can lose what was acknowledged', 'turn it on'))
  }
  const needed = poolMax + BESIDE_POOL
  const free = facts.connections_max - facts.connections
  // Where a node runs already, this one is likely it.
  if (free + Math.min(facts.connections_ours, needed) < needed) {
    const found = `a node opens up to ${needed} connections, and ${free} of ${facts.connections_max} are free`
    say(warning(found, 'raise max_connections, or lower postgres.poolMax'))
  }
  return findings
}

function versionText(version: number): string {
  return `${Math.floor(version / 10_000)}.${version % 10_000}`
}

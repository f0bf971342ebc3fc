import { statSync } from 'node:fs'
import { VARIABLES } from '../config.ts'
import { isPostgresUrl } from '../platform/db/engine.ts'
import { type Check, type Finding, orOk, warning } from './check.ts'
import type { Subject } from './subject.ts'

/** `understudy env` prints these for clients. */
const FOR_CLIENTS = /^UNDERSTUDY_(URL|CONTROL_(BASE_URL|TOKEN))$/

/** That each setting is valid, `readConfig` has seen; here: what it did not see, and what works against each other. */
export const configuration: Check = {
  name: 'configuration',
  run: subject => orOk([...unknown(subject), ...conflicts(subject), ...openFile(subject)], 'every setting is valid'),
}

function unknown({ env }: Subject): Finding[] {
  return Object.keys(env)
    .filter(name => name.startsWith('UNDERSTUDY_') && !VARIABLES.includes(name) && !FOR_CLIENTS.test(name))
    .map(name => warning(`${name} is no setting of this version, and is not read`, 'mend its name, or unset it'))
}

/** Settings beside which another one counts for nothing. */
function conflicts({ env, config }: Subject): Finding[] {
  const findings: Finding[] = []
  if (env.DATABASE_URL !== undefined && env.DATABASE_URL !== config.data) {
    findings.push(warning('DATABASE_URL is set, and another store is used', 'unset one of the two'))
  }
  if (env.UNDERSTUDY_HOME !== undefined && !isPostgresUrl(config.data)) {
    const found = 'UNDERSTUDY_HOME is set, and counts for PostgreSQL only: the home is the data directory'
    findings.push(warning(found, 'unset it'))
  }
  if (env.UNDERSTUDY_SMTP_FROM !== undefined && env.UNDERSTUDY_SMTP_URL === undefined) {
    findings.push(warning('UNDERSTUDY_SMTP_FROM is not read without UNDERSTUDY_SMTP_URL', 'set both, or neither'))
  }
  return findings
}

/** A file with a password in it is for its owner alone. */
function openFile({ env, secrets }: Subject): Finding[] {
  const path = env.UNDERSTUDY_CONFIG
  const fromElsewhere = Object.values(env).join('\n')
  if (path === undefined || secrets.every(secret => fromElsewhere.includes(secret))) return []
  if ((statSync(path).mode & 0o077) === 0) return []
  return [warning(`${path} holds a password, and others can read it`, `chmod 600 ${path}`)]
}

import { openContext } from '../app.ts'
import { readConfig } from '../config.ts'
import type { Context } from '../platform/context.ts'
import { type AuditRow, auditRows } from '../platform/credentials/audit.ts'
import { IN_MEMORY } from '../platform/db/engine.ts'
import { isHolderPresent } from '../vendors/holders.ts'
import * as signingKeys from '../vendors/memberstack/signing-keys.ts'
import { type Command, parseFlags, print, UsageError } from './command.ts'
import { rotateMaster } from './rotate-master.ts'

const TASKS = ['audit', 'rotate-signing', 'rotate-master']

const COLUMNS = [
  'vendor',
  'tenant',
  'owner',
  'name',
  'holder',
  'mode',
  'active',
  'ageDays',
  'lastUsedAt',
  'fingerprint',
  'marks',
] as const satisfies readonly (keyof AuditRow)[]

export const keys: Command = {
  name: 'keys',
  usage: 'understudy keys (audit [--json | --csv] | rotate-signing | rotate-master [--new-key FILE]) [--data DIR]',
  summary:
    'audit: list every key of every vendor, who holds it, its age and last use, and what is wrong with it; rotate-signing: sign member tokens with a new key; rotate-master: seal the store under a new master key, also while servers run; after an interruption the same again completes it',
  async run(argv) {
    const { flags, switches, positionals } = parseFlags(
      argv,
      ['data', 'new-key'],
      ['json', 'csv'],
      [TASKS.join(' or ')],
    )
    const [task = ''] = positionals
    if (!TASKS.includes(task)) throw new UsageError(`there is no "keys ${task}"`)
    if (switches.json && switches.csv) throw new UsageError('--json or --csv, not both')
    if (task !== 'audit' && (switches.json || switches.csv)) throw new UsageError('--json and --csv are for audit')
    if (task !== 'rotate-master' && flags['new-key'] !== undefined)
      throw new UsageError('--new-key is for rotate-master')
    const config = await readConfig(flags)
    if (config.data === IN_MEMORY) throw new UsageError('a store in memory has no keys outside its server')
    if (task === 'rotate-master') {
      await rotateMaster(config, flags['new-key'])
      return 0
    }
    const { context, close } = await openContext(config)
    try {
      if (task === 'rotate-signing') {
        await rotateSigning(context)
        return 0
      }
      const rows = auditRows(context, (vendor, tenant, holder) => isHolderPresent(context, vendor, tenant, holder))
      if (switches.json) await printJson(rows)
      else if (switches.csv) await printCsv(rows)
      else await printTable(rows)
    } finally {
      await close()
    }
    return 0
  },
}

/** Also while a server runs on the store: it signs with the new key from its next login on. */
async function rotateSigning(context: Context): Promise<void> {
  const kid = await signingKeys.rotate(context, { vendor: '', tenant: '', actor: 'cli:keys', operator: true })
  print(`member tokens are signed with the new key ${kid}; those of the old one stay valid until they expire`)
}

async function printJson(rows: AsyncIterable<AuditRow>): Promise<void> {
  let separator = '['
  for await (const row of rows) {
    print(`${separator}${JSON.stringify(row)}`)
    separator = ','
  }
  print(separator === '[' ? '[]' : ']')
}

async function printCsv(rows: AsyncIterable<AuditRow>): Promise<void> {
  print(COLUMNS.join(','))
  for await (const row of rows) print(COLUMNS.map(column => csvField(textOf(row, column))).join(','))
}

/** Quoted as RFC 4180 says. A leading `=`, `+`, `-` or `@` would be run as a formula by a spreadsheet: defused. */
function csvField(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

async function printTable(rows: AsyncIterable<AuditRow>): Promise<void> {
  const lines: string[][] = [[...COLUMNS]]
  for await (const row of rows) lines.push(COLUMNS.map(column => textOf(row, column) || '-'))
  const widths = COLUMNS.map((_, index) => Math.max(...lines.map(line => line[index]?.length ?? 0)))
  for (const line of lines)
    print(
      line
        .map((text, index) => text.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
}

function textOf(row: AuditRow, column: (typeof COLUMNS)[number]): string {
  const value = row[column]
  return Array.isArray(value) ? value.join(' ') : String(value ?? '')
}

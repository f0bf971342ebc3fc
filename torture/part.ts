// What every part of the torture runs in: a process of its own, which the command (main.ts) starts in an empty directory.
// Its result is what it did, counted, and every promise that it saw broken.

import { parseArgs } from 'node:util'
import { Findings, type Outcome } from './findings.ts'

export interface Setting {
  /** Empty, and on a disk. It is removed afterwards. */
  directory: string
  /** The short form: says whether the part works. */
  quick: boolean
  /** How long load lasts. */
  minutes: number
  /** Everything that is random comes from it: the same seed does the same again. */
  seed: number
  findings: Findings
}

/** Runs `torture` and hands its outcome to the command. What it throws is a broken promise too. */
export async function runPart(torture: (setting: Setting) => Promise<void>): Promise<void> {
  const { send } = process
  if (!send) throw new Error('a part is run by the command: npm run torture -- NAME')
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      minutes: { type: 'string', default: '10' },
      seed: { type: 'string', default: '1' },
    },
  })
  const [directory = ''] = positionals
  // Whatever ends us ends the servers that we started.
  for (const signal of ['SIGINT', 'SIGTERM', 'disconnect']) process.on(signal, () => process.exit(1))
  const findings = new Findings()
  try {
    const [minutes, seed] = [Number(values.minutes), Number(values.seed)]
    await torture({ directory, quick: values.quick, minutes, seed, findings })
  } catch (error) {
    findings.fail(`the part itself ended: ${error instanceof Error ? error.stack : String(error)}`)
  }
  const outcome: Outcome = findings.outcome()
  send.call(process, outcome, () => process.exit(0))
}

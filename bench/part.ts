// What every part of the benchmark runs in: a process of its own, which the command (main.ts) starts in an empty
// directory, and whose result are lines.

import type { Line } from './lines.ts'

export interface Setting {
  /** Empty, and on a disk: what is durable is measured there. It is removed afterwards. */
  directory: string
  /** The short form: fewer and shorter rounds. Says whether the benchmark works, and little about speed. */
  quick: boolean
}

export const QUICK = '--quick'

/** Runs `measure` and hands its lines to the command. */
export async function runPart(measure: (setting: Setting) => Promise<Line[]>): Promise<void> {
  const { send, argv } = process
  const directory = argv[2]
  if (!send || directory === undefined) throw new Error('a part is run by the command: npm run bench -- NAME')
  // Whatever ends us ends the servers that we started.
  for (const signal of ['SIGINT', 'SIGTERM', 'disconnect']) process.on(signal, () => process.exit(1))
  const lines = await measure({ directory, quick: argv.includes(QUICK) })
  send.call(process, lines, () => process.exit(0))
}

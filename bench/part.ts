// What every part of the benchmark runs in: a process of its own, a directory of its own that is gone afterwards, and
// lines as its result. The command (main.ts) starts it, takes the lines, and ends it when it takes too long.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Line } from './lines.ts'

export interface Setting {
  /** Empty, and on a disk: what is durable is measured there. */
  directory: string
  /** The short form: fewer and shorter rounds. Says whether the benchmark works, and little about speed. */
  quick: boolean
}

export const QUICK = '--quick'

/** Runs `measure` and hands its lines to the command. */
export async function runPart(measure: (setting: Setting) => Promise<Line[]>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'understudy-bench-'))
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))
  process.on('disconnect', () => process.exit(1))
  const lines = await measure({ directory, quick: process.argv.includes(QUICK) })
  if (!process.send) throw new Error('a part is run by the command: npm run bench -- NAME')
  process.send(lines, () => process.exit(0))
}

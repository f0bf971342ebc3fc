// What every benchmark command runs in: a directory of its own that is gone afterwards, an end in time, an exit code.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Runs `measure`, which says whether every bound was kept. Exit code 0 if so, else 1; also past `limitMs`. */
export async function boundedRun(limitMs: number, measure: (directory: string) => Promise<boolean>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'understudy-bench-'))
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))
  setTimeout(() => {
    console.error(`not done after ${limitMs / 1000} seconds; giving up`)
    process.exit(1)
  }, limitMs).unref()
  process.exitCode = (await measure(directory)) ? 0 : 1
}

/** Says whether a bound was kept, and returns it. */
export function verdict(kept: boolean, bound: string): boolean {
  console.log(`${kept ? 'kept' : 'BROKEN'}: ${bound}`)
  return kept
}

// Loaded into a server before anything else (`--import`, with `--expose-gc`): told by SIGUSR2 it collects all garbage, and
// adds to a file what is left, in bytes.

import { appendFileSync } from 'node:fs'

process.on('SIGUSR2', () => {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  appendFileSync(process.env.TORTURE_HEAP_FILE ?? '', `${heapUsed + external}\n`)
})

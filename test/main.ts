// The whole suite, on both engines side by side: every test on SQLite, and every scenario on a PostgreSQL of its own.
// Each pass is one process, so that what all scenarios stand on is loaded and compiled once.
// Usage: node test/main.ts [--sqlite | --postgres] [FILE…]

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { SERVER_URL, startTestPostgres } from './postgres.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const EVERY_TEST = ['bench/**/*.test.ts', 'src/**/*.test.ts', 'test/**/*.test.ts']
/** What depends on the store. */
const SCENARIOS = ['test/*.test.ts']
const TEST_TIMEOUT_MS = 180_000
/** What a pass prints while it waits for its turn is held back, however much it is. */
const HELD_BYTES_MAX = 2 ** 30

const { values, positionals } = parseArgs({
  options: { sqlite: { type: 'boolean' }, postgres: { type: 'boolean' } },
  allowPositionals: true,
})
const isBoth = values.sqlite === values.postgres
// Whatever ends us ends what we started.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))

const passes: Pass[] = []
if (isBoth || values.sqlite) passes.push(startPass('SQLite', EVERY_TEST, {}))
const postgres = isBoth || values.postgres ? await startTestPostgres() : undefined
if (postgres) passes.push(startPass('PostgreSQL', SCENARIOS, { [SERVER_URL]: postgres.url }))

const failed = new Set<string>()
for (const { engine, child, output } of passes) {
  process.stdout.write(`\n== ${engine} ==\n`)
  output.pipe(process.stdout, { end: false })
  const [code] = child.exitCode === null ? await once(child, 'close') : [child.exitCode]
  if (code !== 0) failed.add(engine)
}
await postgres?.stop()
for (const { engine } of passes) process.stdout.write(`${engine}: ${failed.has(engine) ? 'FAILED' : 'passed'}\n`)
process.exit(failed.size > 0 ? 1 : 0)

interface Pass {
  engine: string
  child: ChildProcess
  /** All that it prints, from its start on. */
  output: PassThrough
}

function startPass(engine: string, patterns: string[], env: NodeJS.ProcessEnv): Pass {
  const flags = ['--test', '--test-isolation=none', `--test-timeout=${TEST_TIMEOUT_MS}`]
  const files = positionals.length > 0 ? positionals : patterns
  const child = spawn(process.execPath, [...flags, ...files], {
    cwd: ROOT,
    env: { ...process.env, NODE_COMPILE_CACHE: 'node_modules/.cache/node', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  process.on('exit', () => child.kill())
  const output = new PassThrough({ highWaterMark: HELD_BYTES_MAX })
  child.stdout.pipe(output, { end: false })
  child.stderr.pipe(output, { end: false })
  return { engine, child, output }
}

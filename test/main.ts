// The whole suite, on both engines side by side: every test on SQLite, and every scenario on a PostgreSQL of its own.
// What all scenarios stand on is loaded and compiled once for many files: a process has a whole pass, or half of one.
// Usage: node test/main.ts [--sqlite | --postgres] [FILE…]

import { type ChildProcess, spawn } from 'node:child_process'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { SERVER_URL, startTestPostgres } from './postgres.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const EVERY_TEST = ['bench/**/*.test.ts', 'src/**/*.test.ts', 'test/**/*.test.ts', 'torture/**/*.test.ts']
/** What depends on the store. */
const SCENARIOS = ['test/*.test.ts']
/** A process that waits for PostgreSQL leaves time to another. */
const POSTGRES_PROCESSES = 2
const TEST_TIMEOUT_MS = 180_000
/** What a process prints while it waits for its turn is held back, however much it is. */
const HELD_BYTES_MAX = 2 ** 30

interface Part {
  name: string
  child: ChildProcess
  /** All that it prints, from its start to its end. */
  output: PassThrough
}

const { values, positionals: files } = parseArgs({
  options: { sqlite: { type: 'boolean' }, postgres: { type: 'boolean' } },
  allowPositionals: true,
})
const isBoth = values.sqlite === values.postgres
// Whatever ends us ends what we started.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))

const parts: Part[] = []
if (isBoth || values.sqlite) parts.push(start('SQLite', files.length > 0 ? files : EVERY_TEST))
const postgres = isBoth || values.postgres ? await startTestPostgres() : undefined
if (postgres) parts.push(...startOnPostgres({ [SERVER_URL]: postgres.url }))

const results: string[] = []
for (const { name, child, output } of parts) {
  process.stdout.write(`\n== ${name} ==\n`)
  for await (const chunk of output) process.stdout.write(chunk)
  results.push(`${name}: ${child.exitCode === 0 ? 'passed' : 'FAILED'}`)
}
await postgres?.stop()
process.stdout.write(`${results.join('\n')}\n`)
process.exit(parts.every(({ child }) => child.exitCode === 0) ? 0 : 1)

function startOnPostgres(env: NodeJS.ProcessEnv): Part[] {
  if (files.length > 0) return [start('PostgreSQL', files, env)]
  const shards = Array.from({ length: POSTGRES_PROCESSES }, (_, index) => `${index + 1}/${POSTGRES_PROCESSES}`)
  return shards.map(shard => start(`PostgreSQL, ${shard}`, [`--test-shard=${shard}`, ...SCENARIOS], env))
}

function start(name: string, what: string[], env: NodeJS.ProcessEnv = {}): Part {
  const flags = ['--test', '--test-isolation=none', `--test-timeout=${TEST_TIMEOUT_MS}`]
  const child = spawn(process.execPath, [...flags, ...what], {
    cwd: ROOT,
    env: { ...process.env, NODE_COMPILE_CACHE: 'node_modules/.cache/node', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  process.on('exit', () => child.kill())
  const output = new PassThrough({ highWaterMark: HELD_BYTES_MAX })
  child.stdout.pipe(output, { end: false })
  child.stderr.pipe(output, { end: false })
  child.on('close', () => output.end())
  return { name, child, output }
}

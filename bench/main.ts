// The benchmark: `npm run bench` runs every part, one after the other, and prints one table of ratios; exit code 1 when
// a bound is broken. `npm run bench -- NAME…` runs parts of it. docs/performance.md says how to read it.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { canPin } from './cores.ts'
import { writeSection } from './document.ts'
import { type Line, markdownOf, type Section, textOf } from './lines.ts'
import { describeMachine } from './machine.ts'
import { QUICK } from './part.ts'

/** The parts in their order, and how many seconds each may take. */
const PARTS = {
  reads: 300,
  changes: 180,
  creates: 180,
  kills: 240,
  scale: 400,
  members: 400,
  children: 300,
  logins: 180,
  move: 300,
}
type PartName = keyof typeof PARTS

const USAGE = `usage: npm run bench -- [NAME…] [--quick] [--write]
  NAME     a part: ${Object.keys(PARTS).join(', ')}; all of them unless it is said
  --quick  fewer and shorter rounds
  --write  also puts the results into docs/performance.md`

/** How long a part that is told to end may clean up. */
const CLEAN_UP_MS = 5000

process.exitCode = await run(process.argv.slice(2))

async function run(argv: string[]): Promise<number> {
  const options = optionsOf(argv)
  if (!options) {
    console.error(USAGE)
    return 2
  }
  const { names, quick, write } = options
  if (!canPin) console.log('processes cannot be pinned to cores here: all share them, and ratios say less')
  const machine = describeMachine()
  console.log(`${machine}\n`)
  if (write) writeSection('machine', machine)
  const results: Section[] = []
  for (const name of names) {
    const lines = await runPart(name, quick)
    if (write) writeSection(name, markdownOf(lines))
    results.push({ name, lines })
  }
  console.log(`\n${textOf(results)}\n`)
  const bounded = results.flatMap(({ name, lines }) =>
    lines.filter(({ bound }) => bound).map(line => ({ name, ...line })),
  )
  const broken = bounded.filter(({ bound }) => !bound?.kept)
  for (const { name, contender, operation, bound } of broken) {
    console.log(`BROKEN: ${name}: ${contender}, ${operation}: ${bound?.text}`)
  }
  console.log(`${bounded.length - broken.length} of ${bounded.length} bounds are kept`)
  return broken.length > 0 ? 1 : 0
}

/** Undefined where the command line is wrong. */
function optionsOf(argv: string[]): { names: PartName[]; quick: boolean; write: boolean } | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: argv,
      allowPositionals: true,
      options: { quick: { type: 'boolean', default: false }, write: { type: 'boolean', default: false } },
    })
    const all = Object.keys(PARTS).filter(isPart)
    const names = positionals.filter(isPart)
    if (names.length < positionals.length) return undefined
    return { names: names.length > 0 ? names : all, ...values }
  } catch {
    return undefined
  }
}

function isPart(name: string): name is PartName {
  return name in PARTS
}

/** Runs a part in a process group and a directory of its own. One that fails, or takes too long, is a broken bound. */
async function runPart(name: PartName, quick: boolean): Promise<Line[]> {
  const startedAt = performance.now()
  const directory = mkdtempSync(join(tmpdir(), 'understudy-bench-'))
  const script = fileURLToPath(new URL(`parts/${name}.ts`, import.meta.url))
  const flags = quick ? [directory, QUICK] : [directory]
  const child = fork(script, flags, { serialization: 'advanced', detached: true })
  let lines: Line[] | undefined
  let interrupted = false
  child.on('message', message => {
    lines = message as Line[]
  })
  const end = () => endGroup(child.pid, 'SIGTERM')
  const interrupt = () => {
    interrupted = true
    end()
  }
  const timers = [
    setTimeout(end, PARTS[name] * 1000),
    setTimeout(() => endGroup(child.pid, 'SIGKILL'), PARTS[name] * 1000 + CLEAN_UP_MS),
  ]
  process.on('SIGINT', interrupt).on('SIGTERM', interrupt)
  await once(child, 'exit')
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  for (const timer of timers) clearTimeout(timer)
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
  if (interrupted) process.exit(1)
  const seconds = (performance.now() - startedAt) / 1000
  console.log(`${name}: ${seconds.toFixed(0)} s of at most ${PARTS[name]} s`)
  return lines ?? [{ contender: name, operation: 'the part itself', bound: { text: 'ends, and in time', kept: false } }]
}

function endGroup(pid: number | undefined, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // It has ended by itself.
  }
}

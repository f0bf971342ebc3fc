// The benchmark: `npm run bench` runs every part, one after the other, and prints one table of ratios; exit code 1 when
// a bound is broken. `npm run bench -- NAME…` runs parts of it. docs/performance.md says how to read it.

import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { canPin } from './cores.ts'
import { writeSection } from './document.ts'
import { type Line, markdownOf, type Section, textOf } from './lines.ts'
import { describeMachine } from './machine.ts'
import { QUICK } from './part.ts'
import { runScript } from './run-part.ts'

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

const PAGE = new URL('../docs/performance.md', import.meta.url)

const USAGE = `usage: npm run bench -- [NAME…] [--quick] [--write]
  NAME     a part: ${Object.keys(PARTS).join(', ')}; all of them unless it is said
  --quick  fewer and shorter rounds
  --write  also puts the results into docs/performance.md`

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
  if (write) writeSection(PAGE, 'bench:machine', machine)
  const results: Section[] = []
  for (const name of names) {
    const lines = await runPart(name, quick)
    if (write) writeSection(PAGE, `bench:${name}`, markdownOf(lines))
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

/** One that fails, or takes too long, is a broken bound. */
async function runPart(name: PartName, quick: boolean): Promise<Line[]> {
  const startedAt = performance.now()
  const script = fileURLToPath(new URL(`parts/${name}.ts`, import.meta.url))
  const lines = await runScript(script, quick ? [QUICK] : [], PARTS[name])
  const seconds = (performance.now() - startedAt) / 1000
  console.log(`${name}: ${seconds.toFixed(0)} s of at most ${PARTS[name]} s`)
  if (lines) return lines as Line[]
  return [{ contender: name, operation: 'the part itself', bound: { text: 'ends, and in time', kept: false } }]
}

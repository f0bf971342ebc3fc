// The torture: `npm run torture` runs every part, one after the other, on loopback only, and says what was done and what
// was lost; exit code 1 when a promise was broken. `npm run torture -- NAME…` runs parts of it. docs/reliability.md says
// what each does.

import { randomInt } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { writeSection } from '../bench/document.ts'
import { describeMachine } from '../bench/machine.ts'
import { runScript } from '../bench/run-part.ts'
import type { Outcome } from './findings.ts'
import { markdownOf, type Section, textOf } from './summary.ts'

/** The parts in their order, and how many seconds each may take. */
const PARTS = {
  hostile: 600,
  wire: 300,
  isolation: 400,
  secrets: 400,
  kills: 800,
  store: 300,
  receivers: 420,
  load: 900,
}
type PartName = keyof typeof PARTS

const PAGE = new URL('../docs/reliability.md', import.meta.url)
const SEED_MAX = 2 ** 31

const USAGE = `usage: npm run torture -- [NAME…] [--quick] [--seed N] [--write]
  NAME     a part: ${Object.keys(PARTS).join(', ')}; all of them unless it is said
  --quick  the short form: says whether the torture works
  --seed   what chance starts from; printed, so that a run can be repeated
  --write  also puts the summary into docs/reliability.md`

process.exitCode = await run(process.argv.slice(2))

async function run(argv: string[]): Promise<number> {
  const options = optionsOf(argv)
  if (!options) {
    console.error(USAGE)
    return 2
  }
  const { names, quick, seed, write } = options
  const machine = `${describeMachine()}\n- \`npm run torture -- --seed ${seed}\``
  console.log(`${machine}\n`)
  const sections: Section[] = []
  for (const name of names) {
    const startedAt = performance.now()
    const outcome = await runPart(name, quick ? ['--quick', `--seed=${seed}`] : [`--seed=${seed}`])
    const section = { name, seconds: (performance.now() - startedAt) / 1000, outcome }
    console.log(textOf(section))
    sections.push(section)
  }
  if (write) writeSection(PAGE, 'torture:summary', `${machine}\n\n${markdownOf(sections)}`)
  const broken = sections.reduce((sum, { outcome }) => sum + outcome.failed, 0)
  console.log(broken === 0 ? `${sections.length} parts, no promise broken` : `BROKEN: ${broken} promises`)
  return broken === 0 ? 0 : 1
}

/** Undefined where the command line is wrong. */
function optionsOf(argv: string[]): { names: PartName[]; quick: boolean; seed: number; write: boolean } | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        seed: { type: 'string' },
        write: { type: 'boolean', default: false },
      },
    })
    const all = Object.keys(PARTS).filter(isPart)
    const names = positionals.filter(isPart)
    const seed = values.seed === undefined ? randomInt(SEED_MAX) : Number(values.seed)
    if (names.length < positionals.length || !Number.isSafeInteger(seed) || seed < 0) return undefined
    return { ...values, names: names.length > 0 ? names : all, seed }
  } catch {
    return undefined
  }
}

function isPart(name: string): name is PartName {
  return name in PARTS
}

/** One that fails, or takes too long, has broken a promise. */
async function runPart(name: PartName, flags: string[]): Promise<Outcome> {
  const script = fileURLToPath(new URL(`parts/${name}.ts`, import.meta.url))
  const outcome = await runScript(script, flags, PARTS[name])
  return (outcome as Outcome) ?? { counts: {}, failures: [`${name} did not end within ${PARTS[name]} s`], failed: 1 }
}

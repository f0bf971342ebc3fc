// The torture: `npm run torture` runs every part, on loopback only, and says what was done and what was lost; exit code 1
// when a promise was broken. `npm run torture -- NAME…` runs parts of it. docs/reliability.md says what each does.

import { randomInt } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { writeSection } from '../bench/document.ts'
import { describeMachine } from '../bench/machine.ts'
import { runScript } from '../bench/run-part.ts'
import type { Outcome, Page } from './findings.ts'
import { markdownOf, type Section, textOf } from './summary.ts'

/** The parts, and how many seconds each may take; those that last come first. */
const PARTS = {
  store: 1000,
  hostile: 900,
  kills: 800,
  isolation: 600,
  wire: 600,
  receivers: 420,
  secrets: 400,
  load: 1000,
}
type PartName = keyof typeof PARTS

/** They look at how long something takes: nothing runs beside them, and they come last. */
const ALONE: ReadonlySet<PartName> = new Set<PartName>(['secrets', 'load'])
/** How many of the others run at once: they wait more than they work. */
const AT_ONCE = 2

const ROOT = new URL('../', import.meta.url)
const PAGE = new URL('docs/reliability.md', ROOT)
const SEED_MAX = 2 ** 31
/** What the time limit of the part leaves room for. */
const MINUTES_MAX = 10

const USAGE = `usage: npm run torture -- [NAME…] [--quick] [--seed N] [--minutes N] [--write]
  NAME     a part: ${Object.keys(PARTS).join(', ')}; all of them unless it is said
  --quick  the short form: says whether the torture works
  --seed   what chance starts from; printed, so that a run can be repeated
  --minutes  how long the load lasts, ${MINUTES_MAX} unless it is said, and at most
  --write  also puts the summary into docs/reliability.md, and what is drawn into docs/performance.md`

process.exitCode = await run(process.argv.slice(2))

async function run(argv: string[]): Promise<number> {
  const options = optionsOf(argv)
  if (!options) {
    console.error(USAGE)
    return 2
  }
  const { names, quick, seed, minutes, write } = options
  const machine = `${describeMachine()}\n- \`npm run torture -- --seed ${seed}\``
  console.log(`${machine}\n`)
  const flags = [...(quick ? ['--quick'] : []), `--seed=${seed}`, `--minutes=${minutes}`]
  const sections: Section[] = []
  const runAll = async (waiting: PartName[]) => {
    for (let name = waiting.shift(); name; name = waiting.shift()) {
      const section = await runPart(name, flags)
      console.log(textOf(section))
      sections.push(section)
      if (write) section.outcome.pages.forEach(writePage)
    }
  }
  const together = names.filter(name => !ALONE.has(name))
  await Promise.all(Array.from({ length: AT_ONCE }, () => runAll(together)))
  await runAll(names.filter(name => ALONE.has(name)))
  if (write) writeSection(PAGE, 'torture:summary', `${machine}\n\n${markdownOf(sections)}`)
  for (const { name, outcome } of sections) {
    for (const what of outcome.leftOut) console.log(`left out here: ${name}: ${what}`)
  }
  const broken = sections.reduce((sum, { outcome }) => sum + outcome.failed, 0)
  console.log(broken === 0 ? `${sections.length} parts, no promise broken` : `BROKEN: ${broken} promises`)
  return broken === 0 ? 0 : 1
}

interface Options {
  names: PartName[]
  quick: boolean
  seed: number
  minutes: number
  write: boolean
}

/** Undefined where the command line is wrong. */
function optionsOf(argv: string[]): Options | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: argv,
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        seed: { type: 'string' },
        minutes: { type: 'string', default: String(MINUTES_MAX) },
        write: { type: 'boolean', default: false },
      },
    })
    const all = Object.keys(PARTS).filter(isPart)
    const names = positionals.filter(isPart)
    const seed = values.seed === undefined ? randomInt(SEED_MAX) : Number(values.seed)
    const minutes = Number(values.minutes)
    if (names.length < positionals.length || !Number.isSafeInteger(seed) || seed < 0) return undefined
    if (!(minutes > 0 && minutes <= MINUTES_MAX)) return undefined
    return { ...values, names: names.length > 0 ? names : all, seed, minutes }
  } catch {
    return undefined
  }
}

function isPart(name: string): name is PartName {
  return name in PARTS
}

/** One that fails, or takes too long, has broken a promise. */
async function runPart(name: PartName, flags: string[]): Promise<Section> {
  const startedAt = performance.now()
  const script = fileURLToPath(new URL(`parts/${name}.ts`, import.meta.url))
  const outcome = await runScript(script, flags, PARTS[name])
  const failures = [`it ended without a result, or not within ${PARTS[name]} s`]
  const seconds = (performance.now() - startedAt) / 1000
  const none = { counts: {}, failures, failed: 1, leftOut: [], pages: [] }
  return { name, seconds, outcome: (outcome as Outcome | undefined) ?? none }
}

function writePage({ path, section, text }: Page): void {
  const file = new URL(path, ROOT)
  if (section === undefined) writeFileSync(file, text)
  else writeSection(file, section, text)
}

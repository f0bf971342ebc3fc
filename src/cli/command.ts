import { parseArgs } from 'node:util'

export interface Command {
  name: string
  /** One line, as in the README. */
  usage: string
  summary: string
  /** Returns the exit code: 0 done, 1 failed, 2 wrong usage. */
  run(argv: string[]): Promise<number>
}

/** The command line does not fit; the message says what is wrong. Exit code 2. */
export class UsageError extends Error {}

/** Reads one word for each of `words`, `--name value` for each of `names`, and `--name` for each of `switches`. Throws
 * UsageError, for a word too few or too many as well. */
export function parseFlags<Name extends string, Switch extends string = never>(
  argv: string[],
  names: readonly Name[],
  switches: readonly Switch[] = [],
  words: readonly string[] = [],
): { flags: Partial<Record<Name, string>>; switches: Partial<Record<Switch, boolean>>; positionals: string[] } {
  try {
    const { values, positionals } = parseArgs({
      args: argv,
      allowPositionals: true,
      options: Object.fromEntries([
        ...names.map(name => [name, { type: 'string' as const }]),
        ...switches.map(name => [name, { type: 'boolean' as const }]),
      ]),
    })
    if (positionals.length > words.length) throw new Error(`unexpected "${positionals[words.length]}"`)
    if (positionals.length < words.length) throw new Error(`${words[positionals.length]} is missing`)
    const pick = (wanted: readonly string[]) =>
      Object.fromEntries(Object.entries(values).filter(([name]) => wanted.includes(name)))
    return {
      flags: pick(names) as Partial<Record<Name, string>>,
      switches: pick(switches) as Partial<Record<Switch, boolean>>,
      positionals,
    }
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

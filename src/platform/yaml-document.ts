// YAML files that people write: parsed, checked against a schema, and every problem told with its line.

import type { TSchema } from 'typebox'
import type { Document, visit as Visit } from 'yaml'
import { isPlainName } from './plain-name.ts'

/** An alias may stand for much, and for itself: a short file must not become a huge value. */
const ALIASES_MAX = 100

interface Problem {
  /** From 1. */
  line: number
  message: string
}

export interface ParsedDocument {
  value: unknown
  problems: Problem[]
  /** The line on which the value at a dotted path stands, or its nearest parent's. */
  lineOf(path: string): number
}

/** Parses `text` and checks it. Where there are problems, `value` must not be used. */
export async function parseDocument(text: string, schema: TSchema): Promise<ParsedDocument> {
  // Loaded here: a start that reads no file does not pay for them.
  const [yaml, { Errors }] = await Promise.all([import('yaml'), import('typebox/value')])
  const lines = new yaml.LineCounter()
  const document = yaml.parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const lineAt = (offset: number) => lines.linePos(offset).line
  const lineOf = (path: string) => lineAt(offsetOf(document, path === '' ? [] : path.split('.')))

  const syntax = document.errors.map(error => ({ line: lineAt(error.pos[0]), message: withoutSource(error.message) }))
  if (syntax.length > 0) return { value: undefined, problems: syntax, lineOf }

  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: ALIASES_MAX })
  } catch (error) {
    const message = error instanceof Error ? withoutSource(error.message) : String(error)
    return { value: undefined, problems: [{ line: firstAliasLine(document, yaml.visit, lineAt), message }], lineOf }
  }
  const problems = Errors(schema, value ?? {})
    .filter(error => error.keyword !== 'additionalProperties') // each of them is told by itself
    .map(error => {
      const names = error.instancePath.slice(1).split('/')
      const shown = shownNames(error.keyword, names).join('.')
      return { line: lineOf(names.join('.')), message: `${shown === '' ? 'the file' : shown}: ${messageOf(error)}` }
    })
  return { value, problems: deepest(problems), lineOf }
}

/** Without the last name where that is none of ours, and no plain one. */
function shownNames(keyword: string, names: string[]): string[] {
  return keyword === 'boolean' && !isPlainName(names.at(-1)) ? names.slice(0, -1) : names
}

interface Finding {
  keyword: string
  params: object
  message?: string
}

function messageOf({ keyword, params, message }: Finding): string {
  // The schema of whatever it does not know is `false`.
  if (keyword === 'boolean') return 'no such setting'
  if (keyword === 'required') return `${namesIn(params, 'requiredProperties').join(' and ')} is missing`
  return message ?? 'is not valid'
}

function namesIn(params: object, field: string): string[] {
  const names: unknown = Reflect.get(params, field)
  return Array.isArray(names) ? names.map(String) : []
}

/** A problem inside a value also makes its parents wrong; one message for each line says enough. */
function deepest(problems: Problem[]): Problem[] {
  return [...new Map(problems.map(problem => [problem.line, problem])).values()]
}

/** Where the setting at `path`, or its nearest parent that exists, starts in the text: at its name, where it has one. */
function offsetOf(document: Document, path: string[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent: unknown = document.getIn(path.slice(0, length - 1).map(keyOf), true)
    const name = path[length - 1] ?? ''
    const node = nameNodeIn(parent, name) ?? document.getIn(path.slice(0, length).map(keyOf), true)
    const start = startOf(node)
    if (start !== undefined) return start
  }
  return 0
}

/** The node that names a member of a map. */
function nameNodeIn(map: unknown, name: string): unknown {
  if (!map || typeof map !== 'object' || !('items' in map) || !Array.isArray(map.items)) return undefined
  const pairs: { key?: { value?: unknown } }[] = map.items
  return pairs.find(pair => pair.key?.value === name)?.key
}

function startOf(node: unknown): number | undefined {
  const range = node && typeof node === 'object' && 'range' in node ? node.range : undefined
  return Array.isArray(range) ? Number(range[0]) : undefined
}

function firstAliasLine(document: Document, visit: typeof Visit, lineAt: (offset: number) => number): number {
  let offset = 0
  visit(document, {
    Alias(_key, node) {
      offset = startOf(node) ?? 0
      return visit.BREAK
    },
  })
  return lineAt(offset)
}

function keyOf(part: string): string | number {
  return /^\d+$/.test(part) ? Number(part) : part
}

/** The first line, up to what it quotes of the file: that may be a password that starts with `*` or `|`, unquoted. */
function withoutSource(text: string): string {
  return text.split(/\n|: /, 1)[0] ?? ''
}

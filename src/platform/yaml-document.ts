// YAML files that people write: parsed, checked against a schema, and every problem told with its line.

import type { TSchema } from 'typebox'
import type { Document } from 'yaml'

export interface Problem {
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

  const syntax = document.errors.map(error => ({ line: lineAt(error.pos[0]), message: firstLine(error.message) }))
  if (syntax.length > 0) return { value: undefined, problems: syntax, lineOf }

  const value: unknown = document.toJS({ maxAliasCount: 100 })
  const problems = Errors(schema, value ?? {}).map(error => {
    const path = pathOf(error)
    return { line: lineOf(path), message: `${path === '' ? 'the file' : path}: ${messageOf(error)}` }
  })
  return { value, problems: deepest(problems), lineOf }
}

interface Finding {
  keyword: string
  instancePath: string
  params: object
  message?: string
}

function pathOf({ keyword, instancePath, params }: Finding): string {
  const at = instancePath.slice(1).replaceAll('/', '.')
  const extra = keyword === 'additionalProperties' ? namesIn(params, 'additionalProperties')[0] : undefined
  return [at, extra].filter(Boolean).join('.')
}

function messageOf({ keyword, params, message }: Finding): string {
  if (keyword === 'additionalProperties') return 'no such setting'
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

/** Where the node at `path`, or the nearest parent that exists, starts in the text. */
function offsetOf(document: Document, path: string[]): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length).map(keyOf), true)
    const range = node && typeof node === 'object' && 'range' in node ? node.range : undefined
    if (Array.isArray(range)) return Number(range[0])
  }
  return 0
}

function keyOf(part: string): string | number {
  return /^\d+$/.test(part) ? Number(part) : part
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text
}

// What a part of the benchmark has to say: a line for each thing that was measured, and how lines are shown.

import { table } from './numbers.ts'

export interface Line {
  contender: string
  operation: string
  perSecond?: number | undefined
  p50Ms?: number | undefined
  p99Ms?: number | undefined
  /** Processor time of the server for one request. */
  cpuUs?: number | undefined
  rssMiB?: number | undefined
  ratio?: number | undefined
  /** What the ratio is of. */
  of?: string | undefined
  bound?: Bound | undefined
}

/** The lines of one part. */
export interface Section {
  name: string
  lines: Line[]
}

export interface Bound {
  text: string
  kept: boolean
}

const HEADER = ['contender', 'operation', 'req/s', 'p50 ms', 'p99 ms', 'CPU µs', 'RSS MiB', 'ratio', 'of', 'bound', '']

/** A value that cannot be measured here (NaN) breaks the bound. */
export function atLeast(what: string, value: number, bound: number): Bound {
  return { text: `${what} ≥ ${bound}`, kept: value >= bound }
}

/** A value that cannot be measured here (NaN) keeps the bound: only memory is read from the system. */
export function atMost(what: string, value: number, bound: number): Bound {
  return { text: `${what} ≤ ${bound}`, kept: !(value > bound) }
}

/** One table for a terminal. */
export function textOf(sections: readonly Section[]): string {
  return table([HEADER, ...sections.flatMap(({ name, lines }) => [[`— ${name}`], ...lines.map(cellsOf)])], 2)
}

/** The lines as a table for a page. */
export function markdownOf(lines: readonly Line[]): string {
  const align = HEADER.map((_, column) => (column < 2 || column > 7 ? '---' : '---:'))
  return [HEADER, align, ...lines.map(cellsOf)].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}

function cellsOf({ contender, operation, perSecond, p50Ms, p99Ms, cpuUs, rssMiB, ratio, of, bound }: Line): string[] {
  return [
    contender,
    operation,
    shown(perSecond, perSecond !== undefined && perSecond < 100 ? 1 : 0),
    shown(p50Ms, 2),
    shown(p99Ms, 2),
    shown(cpuUs, 0),
    shown(rssMiB, 0),
    shown(ratio, 2),
    of ?? '',
    bound?.text ?? '',
    bound ? (bound.kept ? 'kept' : 'BROKEN') : '',
  ]
}

function shown(value: number | undefined, digits: number): string {
  return value === undefined || Number.isNaN(value) ? '' : value.toFixed(digits)
}

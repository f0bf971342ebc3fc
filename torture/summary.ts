// How the outcomes of the torture are shown.

import type { Outcome } from './findings.ts'

export interface Section {
  name: string
  seconds: number
  outcome: Outcome
}

/** For a terminal: what was done, what was left out, and every broken promise. */
export function textOf({ name, seconds, outcome }: Section): string {
  const { counts, failures, failed, leftOut } = outcome
  const lines = Object.entries(counts).map(([what, count]) => `  ${count.toLocaleString('en').padStart(11)}  ${what}`)
  lines.push(...leftOut.map(what => `  left out here: ${what}`))
  const broken = failures.map(failure => `  BROKEN: ${failure}`)
  if (failed > failures.length) broken.push(`  BROKEN: ${failed - failures.length} more`)
  return [`— ${name}: ${seconds.toFixed(0)} s, ${failed} broken`, ...lines, ...broken].join('\n')
}

/** A table for a page. */
export function markdownOf(sections: readonly Section[]): string {
  const rows = sections.flatMap(({ name, seconds, outcome }) => [
    ...Object.entries(outcome.counts).map(([what, count]) => [name, what, count.toLocaleString('en')]),
    ...outcome.leftOut.map(what => [name, `left out here: ${what}`, '']),
    [name, 'promises broken', String(outcome.failed)],
    [name, 'seconds', seconds.toFixed(0)],
  ])
  return [['part', 'what', 'how often'], ['---', '---', '---:'], ...rows]
    .map(cells => `| ${cells.join(' | ')} |`)
    .join('\n')
}

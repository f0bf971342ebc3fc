// What is printed of what was found.

import type { Level } from './check.ts'
import type { Report } from './examine.ts'

/** The answer of `understudy doctor --json`. */
export interface Summary {
  failures: number
  warnings: number
  findings: Report[]
}

export function summaryOf(findings: Report[]): Summary {
  const count = (wanted: Level) => findings.filter(({ level }) => level === wanted).length
  return { failures: count('failure'), warnings: count('warning'), findings }
}

/** A line for each finding, and one for all of them. */
export function linesOf({ failures, warnings, findings }: Summary): string[] {
  const width = Math.max(...findings.map(({ check }) => check.length))
  const lines = findings.map(({ level, check, found, advice }) => {
    const text = advice === undefined ? found : `${found}; ${advice}`
    return `${level.padEnd('failure'.length)}  ${check.padEnd(width)}  ${text}`
  })
  return [...lines, `${findings.length} findings: ${failures} failures, ${warnings} warnings`]
}

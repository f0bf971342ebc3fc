// The page of results is the command's own output: each section stands between two markers.

import { readFileSync, writeFileSync } from 'node:fs'

const PAGE = new URL('../docs/performance.md', import.meta.url)

/** Replaces what stands in the section `name` of docs/performance.md. Throws where the page has no such section. */
export function writeSection(name: string, markdown: string): void {
  const page = readFileSync(PAGE, 'utf8')
  const [start, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`]
  const [from, to] = [page.indexOf(start), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`docs/performance.md has no section ${name}`)
  writeFileSync(PAGE, `${page.slice(0, from + start.length)}\n\n${markdown}\n\n${page.slice(to)}`)
}

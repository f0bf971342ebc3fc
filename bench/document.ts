// A page of results is a command's own output: each section stands between two markers.

import { readFileSync, writeFileSync } from 'node:fs'

/** Replaces what stands in the section `name` of a page. Throws where the page has no such section. */
export function writeSection(page: URL, name: string, markdown: string): void {
  const text = readFileSync(page, 'utf8')
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const [from, to] = [text.indexOf(start), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`${page.pathname} has no section ${name}`)
  writeFileSync(page, `${text.slice(0, from + start.length)}\n\n${markdown}\n\n${text.slice(to)}`)
}

// Reads everything that the control API has to read, of every tenant: each list to its end, and each of its items.

import { operate, type Town } from './town.ts'

type Item = Record<string, unknown>
const BASE = '/understudy/v1'
const PAGE = 200

/** How many reads there were. Every answer is in the transcript. */
export async function readEverything(town: Town): Promise<number> {
  const { paths } = await town.wire.json<{ paths: Record<string, object> }>('GET', '/openapi/control.json', {})
  const templates = Object.entries(paths)
    .filter(([, operations]) => 'get' in operations)
    .map(([path]) => path.slice(BASE.length))
  let reads = 0
  /** What is known to stand for `{…}` after a path. */
  const known = new Map<string, string[]>()
  // A list comes before its items, and both before what is below them.
  for (const template of templates.toSorted((one, other) => depth(one) - depth(other))) {
    for (const path of pathsOf(template, known)) {
      const items = await readList(town, path)
      known.set(
        path,
        items.map(idOf).filter(id => id !== undefined),
      )
      reads += 1 + items.length
    }
  }
  return reads
}

const depth = (template: string) => template.split('/').length

/** Every path that a template stands for. */
function pathsOf(template: string, known: Map<string, string[]>): string[] {
  let paths = ['']
  for (const part of template.slice(1).split('/')) {
    paths = part.startsWith('{')
      ? paths.flatMap(path => choicesAfter(path, part, known).map(choice => `${path}/${encodeURIComponent(choice)}`))
      : paths.map(path => `${path}/${part}`)
  }
  return paths
}

function choicesAfter(path: string, part: string, known: Map<string, string[]>): string[] {
  return part === '{environment}' ? ['sandbox', 'live'] : (known.get(path) ?? [])
}

function idOf({ id, code }: Item): string | undefined {
  return typeof id === 'string' ? id : typeof code === 'string' ? code : undefined
}

/** The items of a list; none of what is a single thing. */
async function readList(town: Town, path: string): Promise<Item[]> {
  const queries = path.endsWith('/members') ? ['environment=sandbox', 'environment=sandbox&state=deleted'] : ['']
  const items: Item[] = []
  for (const query of queries) {
    let next: string | null | undefined = ''
    while (next !== null && next !== undefined) {
      const isPaged = !/\/\{|\/(stripe\/\w+)$/.test(path)
      const after: string = next === '' ? '' : `&after=${encodeURIComponent(next)}`
      const asked: string = isPaged && isListLike(path) ? `?limit=${PAGE}&${query}${after}` : ''
      const answer: { data?: Item[]; next?: string | null } = await operate(town, 'GET', path + asked)
      items.push(...(Array.isArray(answer.data) ? answer.data : []))
      next = answer.next
    }
  }
  return items
}

/** Lists end in a plural of the API's own. */
function isListLike(path: string): boolean {
  return /\/(events|keys|mails|organizations|roles|memberships|webhooks|deliveries|attempts|accounts|apps|grants|parents|children|plans|members)$/.test(
    path,
  )
}

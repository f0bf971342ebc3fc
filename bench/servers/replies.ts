import { readFileSync } from 'node:fs'

/** The replies of a bare server, by path with query. */
export function repliesIn(file: string): Map<string, object> {
  return new Map(Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, object>))
}

// Everything that can be read over HTTP: each GET of the OpenAPI documents, with every id that the lists before it name.

import assert from 'node:assert/strict'
import type { App } from '../src/app.ts'

type Headers = Record<string, string>

/** What each GET answered: the body where it succeeded; of a refusal the status alone. */
export type Answers = Record<string, { status: number; body?: unknown }>

/** Values of parameters that no list names. */
const NAMED: Record<string, string[]> = { environment: ['sandbox', 'live'] }

/** Asks everything in the document of `api` with each of `credentials`. Asserts that each path succeeds with one. */
export async function crawl(app: App, api: string, credentials: readonly Headers[]): Promise<Answers> {
  const answers: Answers = {}
  for (const template of await templatesOf(app, api)) {
    let succeeded = false
    for (const [index, headers] of credentials.entries()) {
      for (const url of urlsOf(template, answers, index)) {
        const { statusCode: status, body } = await app.inject({ url, headers })
        answers[`${index} ${url}`] = status === 200 ? { status, body: parsed(body) } : { status }
        succeeded ||= status === 200
      }
    }
    assert.ok(succeeded, `${template} is answered for somebody`)
  }
  return answers
}

/** Paths of GETs, those of lists before those that name one of their items. */
async function templatesOf(app: App, api: string): Promise<string[]> {
  const reply = await app.inject(`/openapi/${api}.json`)
  const { paths } = reply.json<{ paths: Record<string, { get?: { parameters?: { name: string }[] } }> }>()
  const found = Object.entries(paths).flatMap(([path, { get }]) => {
    if (!get) return []
    const asksFor = Object.keys(NAMED).find(
      name => get.parameters?.some(p => p.name === name) && !path.includes(`{${name}}`),
    )
    return [asksFor === undefined ? path : `${path}?${asksFor}={${asksFor}}`]
  })
  return found.sort((a, b) => a.split('{').length - b.split('{').length)
}

function urlsOf(template: string, answers: Answers, credential: number): string[] {
  const place = /^(.*?)\{(\w+)\}(.*)$/.exec(template)
  if (!place) return [template]
  const [, before = '', name = '', behind = ''] = place
  const values = NAMED[name] ?? idsListedAt(before.replace(/\/$/, ''), answers, credential)
  return values.flatMap(value => urlsOf(`${before}${value}${behind}`, answers, credential))
}

/** What one credential was told of the list at a path, with whatever query. */
function idsListedAt(path: string, answers: Answers, credential: number): string[] {
  const asked = `${credential} ${path}`
  const lists = Object.entries(answers).filter(([request]) => request === asked || request.startsWith(`${asked}?`))
  return lists.flatMap(([, { body }]) => idsIn(body))
}

/** The ids of the items of a list, however it is wrapped; of anything else its own. */
function idsIn(body: unknown): string[] {
  if (typeof body !== 'object' || body === null) return []
  if (Array.isArray(body)) return body.flatMap(idsIn)
  if ('id' in body) return [String(body.id)]
  return Object.values(body).flatMap(idsIn)
}

/** Without what is made up for each answer. */
function parsed(body: string): unknown {
  return JSON.parse(body, (key, value) => (key === 'sessionId' ? undefined : value))
}

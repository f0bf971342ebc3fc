// What can be asked: every operation of the OpenAPI documents, and the routes that stand in none of them.

import type { Answer } from './wire.ts'

export type Api = 'aftership' | 'easypost' | 'memberstack' | 'control' | 'oauth' | 'server'

/** As much of a JSON schema as our documents hold. */
export interface Schema {
  type?: string | string[]
  properties?: Record<string, Schema>
  patternProperties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  const?: unknown
  enum?: unknown[]
  pattern?: string
  minLength?: number
  minimum?: number
}

export interface Operation {
  api: Api
  method: string
  /** With `{name}` where a parameter stands. */
  template: string
  /** Names of its query parameters. */
  query: readonly string[]
  body: Schema | undefined
}

interface Document {
  paths: Record<string, Record<string, Described>>
}
interface Described {
  parameters?: { name: string; in: string }[]
  requestBody?: { content: Record<string, { schema: Schema }> }
}

const DOCUMENTS = ['aftership', 'easypost', 'memberstack', 'control'] as const

const AUTHORIZE_QUERY = [
  'response_type',
  'client_id',
  'redirect_uri',
  'scope',
  'state',
  'code_challenge',
  'code_challenge_method',
]
const page = (method: string, template: string, query: readonly string[] = []): Operation => ({
  api: 'oauth',
  method,
  template,
  query,
  body: undefined,
})
const own = (template: string, method = 'GET'): Operation => ({ ...page(method, template), api: 'server' })

/** Pages, forms, preflights, and what the server says of itself. */
const HIDDEN: readonly Operation[] = [
  page('GET', '/oauth/aftership/authorize', AUTHORIZE_QUERY),
  page('POST', '/oauth/aftership/authorize'),
  page('POST', '/oauth/aftership/sign-in'),
  page('GET', '/oauth/aftership/sign-in/{link}'),
  page('POST', '/oauth/aftership/sign-in/{link}'),
  page('GET', '/invitations/aftership/{invitation}'),
  page('POST', '/invitations/aftership/{invitation}'),
  { ...own('/auth/login', 'OPTIONS'), api: 'memberstack' },
  { ...own('/member/json', 'OPTIONS'), api: 'memberstack' },
  { ...own('/v2/data-tables/x', 'POST'), api: 'memberstack' },
  ...['/health', '/ready', '/metrics', '/docs', '/docs/control', '/openapi/easypost.json', '/openapi/nowhere'].map(
    path => own(path),
  ),
]

/** Reads the documents. Throws when one of them is not there. */
export async function operationsOf(get: (target: string) => Promise<Answer>): Promise<Operation[]> {
  const found: Operation[] = []
  for (const name of DOCUMENTS) {
    const { status, body } = await get(`/openapi/${name}.json`)
    if (status !== 200) throw new Error(`/openapi/${name}.json was answered with ${status}`)
    const { paths } = JSON.parse(body.toString()) as Document
    for (const [template, methods] of Object.entries(paths)) {
      for (const [method, described] of Object.entries(methods)) {
        found.push(operationOf(name, method.toUpperCase(), template, described))
      }
    }
  }
  return [...found, ...HIDDEN]
}

function operationOf(name: Api, method: string, template: string, described: Described): Operation {
  return {
    api: template.startsWith('/oauth/') ? 'oauth' : name,
    method,
    template,
    query: (described.parameters ?? []).filter(parameter => parameter.in === 'query').map(parameter => parameter.name),
    body: described.requestBody?.content['application/json']?.schema,
  }
}

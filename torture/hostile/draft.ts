// A good request, in parts that can each be made hostile, and what goes out of it.

import type { Random } from '../random.ts'
import { credentialsFor } from './credentials.ts'
import { formOf, jsonOf, type Tree, treeOf } from './json-tree.ts'
import type { Operation } from './operations.ts'
import { sampleOf } from './samples.ts'
import { NAMES } from './seed.ts'
import type { Shot } from './shot.ts'
import type { World } from './world.ts'

/** Names and values as they stand in a URL, escaped or not. */
type Pairs = [name: string, value: string][]

export interface Draft {
  method: string
  path: string
  query: Pairs
  headers: Shot['headers']
  /** A body as a tree, sent as JSON or as a form; bytes as they are; or none. */
  body: { as: 'json' | 'form'; tree: Tree } | { as: 'bytes'; bytes: Buffer } | undefined
  changes: string[]
}

const FORM_TYPE = 'application/x-www-form-urlencoded'
const AS_FORM = 0.1

/** A request that the server should take, as far as what is in the store lets it. */
export async function goodRequest(operation: Operation, world: World, random: Random): Promise<Draft> {
  const headers = credentialsFor(operation, world.held, random)
  // Each from another address, so that nothing that is counted by address is refused.
  headers.push(['x-forwarded-for', `10.${random.below(256)}.${random.below(256)}.${random.below(256)}`])
  const body = bodyFor(operation, world, random)
  if (body) headers.push(['content-type', body.as === 'form' ? FORM_TYPE : 'application/json'])
  return {
    method: operation.method,
    path: await world.pathOf(operation, random),
    query: queryFor(operation, world, random),
    headers,
    body,
    changes: [],
  }
}

export function shotOf({ method, path, query, headers, body, changes }: Draft): Shot {
  const pairs = query.map(([name, value]) => (value === '' ? name : `${name}=${value}`))
  const target = pairs.length === 0 ? path : `${path}?${pairs.join('&')}`
  return { method, target, headers, body: body && contentOf(body), changes }
}

function contentOf(body: NonNullable<Draft['body']>): Buffer {
  if (body.as === 'bytes') return body.bytes
  if (body.as === 'json') return Buffer.from(jsonOf(body.tree))
  return Buffer.from(new URLSearchParams(formOf(body.tree)).toString())
}

function bodyFor(operation: Operation, world: World, random: Random): Draft['body'] {
  const { api, template, body, method } = operation
  if (api === 'oauth' && method === 'POST') return { as: 'form', tree: treeOf(oauthForm(template, world, random)) }
  if (body === undefined) return undefined
  const tree = treeOf(sampleOf(body, { api, world, random }))
  return { as: api === 'easypost' && random.chance(AS_FORM) ? 'form' : 'json', tree }
}

function oauthForm(template: string, { form, emails }: World, random: Random): object {
  if (template.endsWith('/revoke')) return { token: 'none' }
  if (template.endsWith('/token')) {
    return random.chance(0.5)
      ? { grant_type: 'refresh_token', refresh_token: 'none' }
      : {
          grant_type: 'authorization_code',
          code: 'none',
          redirect_uri: NAMES.callback,
          code_verifier: 'v'.repeat(43),
        }
  }
  return { ...form, email: random.pick(emails), decision: 'allow', organization: NAMES.organization }
}

const VALUES: Record<string, (world: World, random: Random) => string> = {
  email: ({ emails }, random) => random.pick(emails),
  to: ({ emails }, random) => random.pick(emails),
  holder: ({ emails }, random) => random.pick(emails),
  createdBefore: () => '2099-01-01T00:00:00.000Z',
  unusedSince: () => '2020-01-01T00:00:00.000Z',
  vendor: (_, random) => random.pick(['aftership', 'easypost', 'memberstack']),
  environment: (_, random) => random.pick(['sandbox', 'live']),
  state: () => 'live',
  status: (_, random) => random.pick(['ACTIVE', 'active', 'pending', 'deleted']),
  order: (_, random) => random.pick(['ASC', 'DESC']),
  includeJSON: () => 'true',
  include: () => 'teams',
  isPasswordless: () => 'true',
}

function queryFor({ query, api, template }: Operation, world: World, random: Random): Pairs {
  if (template.endsWith('/authorize')) return [...new URLSearchParams(world.form.request)].map(escaped)
  const asked = query.filter(name => random.chance(0.4) || (name === 'environment' && api === 'control'))
  return asked.map(name => escaped([name, VALUES[name]?.(world, random) ?? String(random.between(1, 50))]))
}

function escaped([name, value]: [string, string]): [string, string] {
  return [encodeURIComponent(name), encodeURIComponent(value)]
}

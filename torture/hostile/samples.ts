// Good bodies, made from the schemas of the documents: what a field is called says what it takes.

import type { Random } from '../random.ts'
import type { Api, Schema } from './operations.ts'
import { NAMES } from './seed.ts'
import type { World } from './world.ts'

interface Making {
  api: Api
  world: World
  random: Random
}

type Value = (making: Making) => unknown

const LEFT_OUT = 0.4

const fresh = ({ random }: Making) => random.below(2 ** 32).toString(36)

/** By name, where the schema alone does not say what a good one is. */
const named: Record<string, Value> = {
  email: ({ world, random, ...rest }) =>
    random.chance(0.5) ? random.pick(world.emails) : `p${fresh({ world, random, ...rest })}@open.test`,
  holder: ({ world, random }) => random.pick(world.emails),
  role: ({ api }) => (api === 'aftership' ? { code: 'member' } : 'member'),
  code: making => (making.api === 'aftership' ? 'member' : `r${fresh(making)}`),
  password: () => NAMES.password,
  oldPassword: () => NAMES.password,
  newPassword: () => NAMES.password,
  passwordlessToken: () => '123456',
  token: ({ world }) => world.held.memberToken,
  url: () => NAMES.receiver,
  secret: () => NAMES.webhookSecret,
  webhook_secret: () => NAMES.webhookSecret,
  events: () => [],
  custom_headers: () => [{ name: 'x-team', value: 'ops' }],
  expiresAt: () => '2099-01-01T00:00:00.000Z',
  publicKey: () => undefined,
  redirectUris: () => [NAMES.callback],
  planId: ({ world, random }) => random.pick(world.plans),
  plans: ({ world, random, api }) => (api === 'memberstack' ? [{ planId: random.pick(world.plans) }] : []),
  user: () => NAMES.child,
  mode: ({ random }) => random.pick(['test', 'production']),
  theme: () => 'theme1',
  requestsPerSecond: () => NAMES.endless,
  perSecond: () => NAMES.endless,
  listPerSecond: () => NAMES.endless,
  tokenLifetimeSeconds: () => 1000,
  seats: () => null,
  sandboxMemberLimit: () => null,
  allowedOrigins: () => null,
  stripeCustomerId: () => null,
  secretKey: () => 'sk_test_h0stile',
  apiBase: () => 'http://127.0.0.1:9',
  restrictToAdmin: () => false,
  count: () => 1,
  amount: () => 12.5,
}
const MONEY = /(_|^re)(charge|threshold)|amount$|threshold$|balance$|Amount$|Threshold$/i
const patterned: [pattern: RegExp, value: Value][] = [
  [/^\^app_/, making => `app_c${fresh(making)}`],
  [/^\^pln_/, making => `pln_${fresh(making)}`],
  [/^\^user_/, making => `user_${fresh(making)}`],
  [/^\^https/, () => 'http://127.0.0.1:9'],
  [/./, making => `h${fresh(making)}`],
]

/** A value that fits the schema, with some of what may be left out left out. */
export function sampleOf(schema: Schema, making: Making, name = ''): unknown {
  const { random } = making
  const special = named[name]
  if (special && schema.enum === undefined && !isChoice(schema)) return special(making)
  if (schema.const !== undefined) return schema.const
  if (schema.enum) return random.pick(schema.enum)
  if (schema.anyOf) return sampleOf(random.pick(schema.anyOf), making, name)
  if (schema.properties) return objectOf(schema.properties, schema.required ?? [], making)
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type
  switch (type) {
    case 'array':
      return schema.items ? [sampleOf(schema.items, making, name)] : []
    case 'object':
      return { country: 'Norway', score: 3, nested: { a: [1, null] } }
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 0, random.below(1000))
    case 'boolean':
      return random.chance(0.8)
    case 'null':
      return null
    case 'string':
      return MONEY.test(name) ? '12.50' : textOf(schema, making)
    default:
      return { any: random.below(10) }
  }
}

/** Where a name means one of several words. */
function isChoice({ anyOf }: Schema): boolean {
  return anyOf?.some(option => option.const !== undefined || option.enum !== undefined) ?? false
}

function objectOf(properties: Record<string, Schema>, required: readonly string[], making: Making): object {
  const wanted = Object.entries(properties).filter(
    ([name]) => required.includes(name) || !making.random.chance(LEFT_OUT),
  )
  return Object.fromEntries(wanted.map(([name, schema]) => [name, sampleOf(schema, making, name)]))
}

function textOf({ pattern }: Schema, making: Making): unknown {
  if (pattern === undefined || pattern === '\\S') return `a ${fresh(making)}`
  return patterned.find(([known]) => known.test(pattern))?.[1](making)
}

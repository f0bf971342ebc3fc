// Seeds: read, checked whole, and stored in one transaction through the same rules as everything else.

import { readFileSync } from 'node:fs'
import { type Context, type Principal, withTransaction } from '../platform/context.ts'
import { createControlToken } from '../platform/credentials/control-tokens.ts'
import { at, DomainError } from '../platform/errors.ts'
import * as events from '../platform/events/events.ts'
import * as settings from '../platform/settings.ts'
import { type ParsedDocument, parseDocument } from '../platform/yaml-document.ts'
import { vendors } from '../vendors/index.ts'
import type { Samples, VendorName } from '../vendors/vendor.ts'
import { type Seed, SeedFile } from './schema.ts'

/** Sample credentials in clear by section: `{aftership: {apiKey}, control: {token}}`. */
export type SampleCredentials = Record<string, Samples>

/** A seed that cannot be read or does not fit; each line names file, line and what is wrong. Nothing was stored. */
export class InvalidSeedError extends Error {}

export interface ReadSeed {
  name: string
  seed: Seed
  lineOf: ParsedDocument['lineOf']
}

type PreparedSeed = Omit<Seed, VendorName> & { [Name in VendorName]?: unknown }

const SEEDER: Principal = { vendor: 'understudy', tenant: '', actor: 'cli:seed', operator: true }
const SAMPLE = new URL('./sample.yaml', import.meta.url)

/** Reads and checks a seed file. Throws InvalidSeedError. */
export async function readSeed(path: string): Promise<ReadSeed> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new InvalidSeedError(`cannot read the seed ${path}: ${error instanceof Error ? error.message : error}`)
  }
  return parseSeed(path, text)
}

/** Checks a seed given as text; `name` is what errors call it. Throws InvalidSeedError. */
export async function parseSeed(name: string, text: string): Promise<ReadSeed> {
  const { value, problems, lineOf } = await parseDocument(text, SeedFile)
  if (problems.length > 0) {
    throw new InvalidSeedError(problems.map(({ line, message }) => `${name}:${line}: ${message}`).join('\n'))
  }
  // Checked above: an empty file is an empty seed.
  const seed = (value ?? {}) as Seed
  return { name, seed, lineOf }
}

/** Stores a seed, all of it or nothing. Throws InvalidSeedError when a rule refuses a part. */
export function loadSeed(ctx: Context, read: ReadSeed): Promise<SampleCredentials> {
  return loading(ctx, read, (tx, ready) => storeSeed(tx, ready))
}

/**
 * On a store that was never written to, loads `seed`, or the built-in sample, and makes sure that there is a control
 * token. On any other store does nothing and returns undefined. Of several nodes that start at once, one does it.
 *
 * `keep` is given the samples before they are stored: keys are made once, and whoever is killed in between has them. Where
 * it throws, nothing is stored.
 */
export async function seedIfEmpty(
  ctx: Context,
  seed: ReadSeed | undefined,
  keep: (samples: SampleCredentials) => void,
): Promise<SampleCredentials | undefined> {
  if (!(await events.isEmpty(ctx))) return undefined
  const chosen = withAdminToken(seed ?? (await parseSeed('sample', readFileSync(SAMPLE, 'utf8'))))
  // Asked again, now that no other node can be seeding.
  return loading(ctx, chosen, async (tx, ready) => {
    if (!(await events.isEmpty(tx))) return undefined
    const samples = await storeSeed(tx, ready)
    keep(samples)
    return samples
  })
}

async function loading<T>(
  ctx: Context,
  { name, seed, lineOf }: ReadSeed,
  store: (tx: Context, ready: PreparedSeed) => Promise<T>,
): Promise<T> {
  try {
    const ready = await prepare(ctx, seed)
    return await withTransaction(ctx, SEEDER, tx => store(tx, ready))
  } catch (error) {
    if (!(error instanceof DomainError) || error.code === 'internal' || error.code === 'unavailable') throw error
    const path = error.issues[0]?.path ?? ''
    throw new InvalidSeedError(`${name}:${lineOf(path)}: ${path}: ${error.message}`, { cause: error })
  }
}

function withAdminToken(read: ReadSeed): ReadSeed {
  const tokens = read.seed.control?.tokens ?? []
  if (tokens.some(token => token.scope === 'admin')) return read
  const control = { tokens: [{ name: 'first start', scope: 'admin' as const }, ...tokens] }
  return { ...read, seed: { ...read.seed, control } }
}

/** The seed with each section as its vendor's `load` wants it. */
async function prepare(ctx: Context, seed: Seed): Promise<PreparedSeed> {
  const ready: PreparedSeed = { ...seed }
  for (const { name, seed: section } of vendors) {
    const { prepare } = section
    if (seed[name] !== undefined && prepare) ready[name] = await at(name, () => prepare(ctx, seed[name]))
  }
  return ready
}

async function storeSeed(tx: Context, seed: PreparedSeed): Promise<SampleCredentials> {
  // First: whether a webhook may be registered depends on it.
  if (seed.webhooks) await settings.setAllowPrivateAddresses(tx, SEEDER, seed.webhooks.allowPrivateAddresses)
  const samples: SampleCredentials = {}
  for (const vendor of vendors) {
    const section = seed[vendor.name]
    if (section !== undefined) samples[vendor.name] = await at(vendor.name, () => vendor.seed.load(tx, section))
  }
  for (const [index, input] of (seed.control?.tokens ?? []).entries()) {
    const { token } = await at(`control.tokens.${index}`, () => createControlToken(tx, SEEDER, input))
    if (input.scope === 'admin') samples.control ??= { token }
  }
  return samples
}

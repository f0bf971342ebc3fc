// The master key, which lives outside the store: the operator gives it, or it is a file (0600) in a directory. There the
// key of a rotation waits beside it, in `master.key.next`, until the store is sealed under it: rotation.ts.

import { createHmac, randomBytes } from 'node:crypto'
import {
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { fsync } from '../fsync.ts'

const KEY_BYTES = 32
/** Of 32 random bytes some 30 differ; fewer than these come once in 10^15 keys. */
const DISTINCT_BYTES_MIN = 16
/** A key file that a process writes: its id is the last part. */
const DRAFT = /^\.master\.key(?:\.next)?\.(\d+)$/

const pathIn = (directory: string) => join(directory, 'master.key')
const nextPathIn = (directory: string) => join(directory, 'master.key.next')

/** The text is not a master key. */
class MasterKeyFormatError extends Error {}

/** Reads a master key: 32 bytes as base64 or hex. Throws MasterKeyFormatError, which never holds the text. */
export function parseMasterKey(text: string): Uint8Array {
  const trimmed = text.trim()
  if (/^[0-9a-f]{64}$/i.test(trimmed)) return Buffer.from(trimmed, 'hex')
  if (/^[\w+/-]{43}=?$/.test(trimmed)) return Buffer.from(trimmed, 'base64')
  throw new MasterKeyFormatError('a master key is 32 bytes, as base64 or hex')
}

/** Whether a key cannot be a random one: a phrase that happens to be long enough, zeroes, a pattern. */
export function isWeak(key: Uint8Array): boolean {
  return new Set(key).size < DISTINCT_BYTES_MIN
}

export function isSameKey(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0
}

/** Names a master key without giving it away: 12 hex digits of a hash under it. */
export function fingerprintOf(key: Uint8Array): string {
  return createHmac('sha256', key).update('understudy master key').digest('hex').slice(0, 12)
}

export function randomMasterKey(): Uint8Array {
  return randomBytes(KEY_BYTES)
}

/**
 * The keys in `directory`: `master.key`, made there when there is none, and the one that is to take its place, if a
 * rotation is under way. One of them opens the store, whenever that rotation was interrupted.
 */
export function masterKeysIn(directory: string): Uint8Array[] {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  if (!existsSync(pathIn(directory))) writeKey(pathIn(directory), randomMasterKey())
  return masterKeysKeptIn(directory)
}

/** The same, of those that are there. */
export function masterKeysKeptIn(directory: string): Uint8Array[] {
  // In this order: a proposed key that is not found either takes its place later, or has taken it.
  const next = nextKeyKeptIn(directory)
  return [masterKeyKeptIn(directory), next].filter(key => key !== undefined)
}

/** The key in `directory`'s `master.key`, or undefined where there is none. */
export function masterKeyKeptIn(directory: string): Uint8Array | undefined {
  return keyAt(pathIn(directory))
}

/** The key that a rotation under way puts in its place. */
export function nextKeyKeptIn(directory: string): Uint8Array | undefined {
  return keyAt(nextPathIn(directory))
}

/** Where `keepMasterKey` keeps a key. */
export function keptPathIn(directory: string, key: Uint8Array): string {
  return `${pathIn(directory)}.${fingerprintOf(key)}`
}

/**
 * Keeps `master.key` under a name of its own too, for backups made before another takes its place. Again: no change.
 * Throws where it is only a link to the key: what that names would not stay.
 */
export function keepMasterKey(directory: string, key: Uint8Array): void {
  if (lstatSync(pathIn(directory)).isSymbolicLink()) {
    throw new Error(
      `${pathIn(directory)} is a link to a key elsewhere: give both keys in UNDERSTUDY_MASTER_KEY and UNDERSTUDY_NEW_MASTER_KEY`,
    )
  }
  const path = keptPathIn(directory, key)
  unlessThere(() => linkSync(pathIn(directory), path))
  const kept = keyAt(path)
  if (!kept || !isSameKey(kept, key)) throw new Error(`${path} is not the key that its name says`)
  fsync(directory)
}

/** Writes down the key that is to take the place of `master.key`. Where one is there already, that one counts. */
export function proposeMasterKey(directory: string, key: Uint8Array): Uint8Array {
  writeKey(nextPathIn(directory), key, statSync(pathIn(directory)).uid)
  const proposed = nextKeyKeptIn(directory)
  if (!proposed) throw new Error(`${nextPathIn(directory)} is gone: another rotation has just ended`)
  return proposed
}

/** Puts the proposed key in the place of `master.key`: a reader finds the one or the other. */
export function promoteMasterKey(directory: string): void {
  renameSync(nextPathIn(directory), pathIn(directory))
  for (const name of readdirSync(directory)) {
    const [, writer] = DRAFT.exec(name) ?? []
    // It was killed while it wrote.
    if (writer !== undefined && !isRunning(Number(writer))) rmSync(join(directory, name), { force: true })
  }
  fsync(directory)
}

function keyAt(path: string): Uint8Array | undefined {
  try {
    return parseMasterKey(readFileSync(path, 'utf8'))
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error instanceof MasterKeyFormatError ? new MasterKeyFormatError(`${path}: ${error.message}`) : error
  }
}

/**
 * Writes a key file (mode 0600) that stays after a power cut, unless it is there. It is written aside, then linked:
 * another process finds no key or a whole one. `owner` is the user id that has to read it.
 */
function writeKey(path: string, key: Uint8Array, owner = process.getuid?.()): void {
  const directory = join(path, '..')
  const draft = join(directory, `.${basename(path)}.${process.pid}`)
  try {
    writeFileSync(draft, `${Buffer.from(key).toString('base64')}\n`, { mode: 0o600, flush: true })
    // The superuser may rotate for a server that runs as somebody else.
    if (owner !== undefined && owner !== process.getuid?.()) chownSync(draft, owner, statSync(directory).gid)
    unlessThere(() => linkSync(draft, path))
  } finally {
    rmSync(draft, { force: true })
  }
  fsync(directory)
}

function unlessThere(make: () => void): void {
  try {
    make()
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
}

function isRunning(processId: number): boolean {
  try {
    return process.kill(processId, 0)
  } catch (error) {
    return codeOf(error) !== 'ESRCH'
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

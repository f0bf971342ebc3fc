import { randomBytes } from 'node:crypto'
import { existsSync, linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const KEY_BYTES = 32
const pathIn = (directory: string) => join(directory, 'master.key')

/** The text is not a master key. */
class MasterKeyFormatError extends Error {}

/** Reads a master key: 32 bytes as base64 or hex. Throws MasterKeyFormatError, which never holds the text. */
export function parseMasterKey(text: string): Uint8Array {
  const trimmed = text.trim()
  const key = Buffer.from(trimmed, /^[0-9a-f]{64}$/i.test(trimmed) ? 'hex' : 'base64')
  if (key.length !== KEY_BYTES) throw new MasterKeyFormatError('a master key is 32 bytes, as base64 or hex')
  return key
}

/** The key in `directory`'s `master.key`, made there (mode 0600) when there is none. */
export function masterKeyIn(directory: string): Uint8Array {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const path = pathIn(directory)
  const draft = join(directory, `.master.key.${process.pid}`)
  // Written aside, then linked: another process that starts now finds no key or a whole one.
  writeFileSync(draft, `${randomBytes(KEY_BYTES).toString('base64')}\n`, { mode: 0o600 })
  try {
    linkSync(draft, path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    unlinkSync(draft)
  }
  return parseMasterKey(readFileSync(path, 'utf8'))
}

/** The key in `directory`'s `master.key`, or undefined where there is none. */
export function masterKeyKeptIn(directory: string): Uint8Array | undefined {
  const path = pathIn(directory)
  return existsSync(path) ? parseMasterKey(readFileSync(path, 'utf8')) : undefined
}

/** For a store that ends with the process. */
export function randomMasterKey(): Uint8Array {
  return randomBytes(KEY_BYTES)
}

// A file that is there whole or not at all, whatever interrupts its making.

import { closeSync, existsSync, linkSync, mkdtempSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fsync } from '../../fsync.ts'
import { isFull } from '../sqlite-errors.ts'

/**
 * Has a file written beside `path`, in a directory of its own that nobody else can read, and puts it there once it is on
 * the disk. A process that is killed leaves that directory, `path.part-…`. Throws `taken()` when `path` is there by then,
 * and what `write` throws.
 */
export async function placed<T>(path: string, taken: () => Error, write: (draft: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(`${path}.part-`)
  try {
    const draft = join(directory, 'draft')
    closeSync(openSync(draft, 'wx', 0o600))
    const written = await write(draft)
    fsync(draft)
    put(draft, path, taken)
    fsync(dirname(path))
    return written
  } catch (error) {
    throw isFull(error) ? new Error(`there is no room left for ${path}`, { cause: error }) : error
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** A link replaces nothing, unlike a new name; some file systems have none. */
function put(draft: string, path: string, taken: () => Error): void {
  try {
    linkSync(draft, path)
  } catch {
    if (existsSync(path)) throw taken()
    renameSync(draft, path)
  }
}

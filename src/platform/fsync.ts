import { closeSync, fsyncSync, openSync } from 'node:fs'

/** Has a file's content, or the names in a directory, outlive a power cut. Throws the file system's error. */
export function fsync(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

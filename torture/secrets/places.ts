// What a server leaves outside of its answers: files, and what the system says of its process.

import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Place } from './leaks.ts'

/**
 * EasyPost contract, section 10: the body of an event names the URLs that it goes to (`pending_urls`). It is kept with
 * its deliveries, and with attempts where the receiver says it back. In the bytes of a store these look like all else.
 */
export const isNamed: NonNullable<Place['mayHold']> = ({ kind }) => kind === 'EasyPost webhook URL'

/** Every file below a directory, but those of these names. What goes meanwhile is gone. */
export function* filesBelow(directory: string, except = /^$/): Generator<Place> {
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name)
    if (!entry.isFile() || except.test(entry.name)) continue
    try {
      yield { name: relative(directory, path), bytes: readFileSync(path), mayHold: isNamed }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

/** The process's title, command line and environment; `passed` is what the operator put there. */
export function* processPlaces(pid: number, passed: readonly string[]): Generator<Place> {
  for (const name of ['comm', 'cmdline', 'environ']) {
    const path = `/proc/${pid}/${name}`
    try {
      const bytes = readFileSync(path)
      yield { name, bytes, mayHold: ({ text }) => passed.some(value => value.includes(text)) }
    } catch (error) {
      // Elsewhere than on Linux.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

/** Numbers are no place for a code of six digits: metrics without their values. */
export function withoutValues(metrics: string): Buffer {
  return Buffer.from(metrics.replaceAll(/ [-+.\d]+(e[-+]?\d+)?$/gm, ''))
}

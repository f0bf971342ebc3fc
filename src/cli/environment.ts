// What a client needs to reach this server: base URLs and sample credentials, kept in a 0600 file beside the store.

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fsync } from '../platform/fsync.ts'
import type { SampleCredentials } from '../seed/load.ts'
import { vendors } from '../vendors/index.ts'

/** Where a server last listened on this data directory, and the sample credentials in clear. */
export interface SavedEnvironment {
  url: string
  samples: SampleCredentials
}

const pathIn = (directory: string) => join(directory, 'environment.json')

/** What was saved in `directory`, or undefined when no server has run there. */
export function loadEnvironment(directory: string): SavedEnvironment | undefined {
  const path = pathIn(directory)
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as SavedEnvironment) : undefined
}

/** Replaces the file as a whole, also over a power cut: a reader sees the old one or the new one. */
export function saveEnvironment(directory: string, environment: SavedEnvironment): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const draft = `${pathIn(directory)}.${process.pid}`
  writeFileSync(draft, `${JSON.stringify(environment, null, 2)}\n`, { mode: 0o600, flush: true })
  renameSync(draft, pathIn(directory))
  fsync(directory)
}

/** The answer of `understudy env --json`: architecture section 6. A vendor without samples shows its base URL alone. */
export function environmentOf({ url, samples }: SavedEnvironment): Record<string, string | Record<string, string>> {
  const sections = vendors.map(vendor => [vendor.name, vendor.environment(url, samples[vendor.name] ?? {})])
  return {
    url,
    ...Object.fromEntries(sections),
    control: { baseUrl: `${url}/understudy/v1`, ...samples.control },
  }
}

/** The same as lines for a shell: `export AFTERSHIP_BASE_URL='…'`. */
export function shellExports(environment: SavedEnvironment): string[] {
  const lines: string[] = []
  for (const [name, value] of Object.entries(environmentOf(environment))) {
    if (typeof value === 'string') lines.push(exportLine(`understudy_${name}`, value))
    else {
      const prefix = name === 'control' ? 'understudy_control' : name
      for (const [field, text] of Object.entries(value)) lines.push(exportLine(`${prefix}_${snake(field)}`, text))
    }
  }
  return lines
}

function exportLine(name: string, value: string): string {
  return `export ${name.toUpperCase()}='${value.replaceAll("'", "'\\''")}'`
}

function snake(field: string): string {
  return field.replace(/[A-Z]/g, letter => `_${letter}`)
}

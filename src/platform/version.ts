import { readFileSync } from 'node:fs'

const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

/** This server's version, as in package.json. */
export const version =
  manifest && typeof manifest === 'object' && 'version' in manifest ? String(manifest.version) : 'unknown'

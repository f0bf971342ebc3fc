import { readFileSync } from 'node:fs'

interface Manifest {
  version: string
  devDependencies: { node: string }
}

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as Manifest

/** This server's version, as in package.json. */
export const version = manifest.version

/** The version of Node that this one is tested with, and that comes with its dependencies. */
export const testedNode = manifest.devDependencies.node

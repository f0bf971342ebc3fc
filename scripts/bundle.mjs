// Packages that come as hundreds of ES modules, each bundled into one file: to load them one by one takes a third of a
// start. src/main.js uses the bundles where they are, and the packages as they come where they are not.

import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What is imported of them: a package's own name, or a path of it. */
const BUNDLED = ['kysely', 'kysely/migration', 'typebox']

const root = fileURLToPath(new URL('..', import.meta.url))
const directory = join(root, 'node_modules/.cache/bundles')
const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** The bundle of each import, whether it exists or not. Its name holds the version: what is replaced is not used. */
export const bundles = BUNDLED.map(specifier => {
  const name = `${specifier.replace('/', '+')}@${dependencies[specifier.split('/')[0]]}`
  return { specifier, name, path: join(directory, `${name}.mjs`) }
})

/** Makes all of them if one is missing. Rejects where the bundler is not installed: it is a development dependency. */
export async function bundle() {
  if (bundles.every(({ path }) => existsSync(path))) return
  const { build } = await import('esbuild')
  const unfinished = `${directory}-${process.pid}`
  // What two of them share is in a file that both import: each thing exists once.
  await build({
    entryPoints: bundles.map(({ specifier, name }) => ({
      in: fileURLToPath(import.meta.resolve(specifier)),
      out: name,
    })),
    outdir: unfinished,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    outExtension: { '.js': '.mjs' },
    logLevel: 'error',
  })
  // Whole or not at all: a start must not find half of one.
  mkdirSync(dirname(directory), { recursive: true })
  rmSync(directory, { recursive: true, force: true })
  renameSync(unfinished, directory)
}

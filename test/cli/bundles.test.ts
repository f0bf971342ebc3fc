// Packages that are bundled when they are installed: a server runs the bundles, tests run the packages as they come.

import assert from 'node:assert/strict'
import test from 'node:test'
import { pathToFileURL } from 'node:url'
// @ts-expect-error plain JavaScript, which runs before anything is installed
import { bundles } from '../../scripts/bundle.mjs'

for (const { specifier, path } of bundles as { specifier: string; path: string }[]) {
  test(`the bundle of ${specifier} has all that the package has`, async () => {
    const [ours, theirs] = await Promise.all([import(pathToFileURL(path).href), import(specifier)])
    assert.deepEqual(Object.keys(ours), Object.keys(theirs))
  })
}

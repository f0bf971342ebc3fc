// Lists everything that we ship, with its licence: the production tree of the lock file, which names each package once
// and for all. Fails when a licence is not allowed. `--quiet` says no more than what is wrong.

import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

/** Those that ask for no more than that they be named. */
const ALLOWED = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT', 'MIT-0'])

const { values } = parseArgs({
  options: { quiet: { type: 'boolean' }, lock: { type: 'string', default: 'package-lock.json' } },
})
const { packages } = JSON.parse(readFileSync(values.lock, 'utf8'))
const shipped = Object.entries(packages)
  // What is for development too may come along all the same, where something that ships names it as its peer.
  .filter(([path, { dev }]) => path !== '' && !dev)
  .map(([path, { version, license }]) => ({ name: path.replace(/^.*node_modules\//, ''), version, license }))
  .sort((a, b) => (a.name < b.name ? -1 : 1))
const refused = shipped.filter(({ license }) => !ALLOWED.has(license))

if (!values.quiet)
  for (const { name, version, license } of shipped) console.log(`${name} ${version} ${license ?? 'none'}`)
for (const { name, version, license } of refused) {
  console.error(`${name} ${version}: the licence ${license ?? '(none)'} is not on the list in scripts/licences.mjs`)
}
process.exitCode = refused.length > 0 ? 1 : 0

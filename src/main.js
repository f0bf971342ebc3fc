#!/usr/bin/env -S node --max-semi-space-size=8
// What dies young is collected in 8 MiB at a time: with the runtime's own 16 a loaded server holds over 100 MiB more, and
// answers no faster. `npm start` says the same.

// JavaScript, so that this file alone needs no type stripping: the stripper takes longer to load than all that follows,
// whose stripped and compiled code is kept between starts.
import { existsSync } from 'node:fs'
import { enableCompileCache, flushCompileCache, registerHooks } from 'node:module'
import { extname } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { bundles } from '../scripts/bundle.mjs'

// Beside the code: whoever can write there can change the code too. The runtime's own place is the temporary directory,
// where others could put what we then run.
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/node', import.meta.url)))

const bundled = new Map(
  bundles.filter(({ path }) => existsSync(path)).map(({ specifier, path }) => [specifier, pathToFileURL(path).href]),
)
// There are hundreds of files to load, and to look each one up would take a third of the start. What an ES module imports
// by a relative path is where the path says, and, with the same extension, an ES module too.
const formats = new Map()
registerHooks({
  resolve(specifier, context, next) {
    const url = bundled.get(specifier)
    if (url !== undefined) return { url, format: 'module', shortCircuit: true }
    const format = formats.get(context.parentURL)
    if (format && specifier.startsWith('.') && extname(specifier) === extname(context.parentURL)) {
      const { href } = new URL(specifier, context.parentURL)
      formats.set(href, format)
      return { url: href, format, shortCircuit: true }
    }
    const found = next(specifier, context)
    if (found.format?.startsWith('module')) formats.set(found.url, found.format)
    return found
  },
})
const { run } = await import('./cli/index.ts')

// The type stripper, once it was needed, holds some 60 MiB until the end. A server that had to compile code, as the first
// after a change has, begins anew with what it compiled: the same process, and once alone, in case nothing could be kept.
const BEGUN_ANEW = 'BEGUN_ANEW'
const hasStripped = process.moduleLoadList.includes('NativeModule internal/deps/amaro/dist/index')
if (hasStripped && process.argv[2] === 'serve' && process.env[BEGUN_ANEW] !== String(process.pid) && canBeginAnew()) {
  flushCompileCache()
  const argv = [process.argv0, ...process.execArgv, ...process.argv.slice(1)]
  process.execve(process.execPath, argv, { ...process.env, [BEGUN_ANEW]: String(process.pid) })
}
delete process.env[BEGUN_ANEW]

// Said outright: a connection to somebody else's server that hangs must not keep us from ending.
process.exit(await run(process.argv.slice(2)))

/** Windows cannot; and whoever watches us over a channel (`node --watch`) would lose it. */
function canBeginAnew() {
  return process.platform !== 'win32' && !process.connected
}

#!/usr/bin/env -S node --max-semi-space-size=12
// What dies young is collected in 12 MiB at a time: with the runtime's own 16 a loaded server holds some 40 MiB more, and with
// 8 it reads a sixth slower. `npm start` says the same.

// JavaScript, so that this file alone needs no type stripping: the stripper takes longer to load than all that follows,
// whose stripped and compiled code is kept between starts.
import { enableCompileCache, registerHooks } from 'node:module'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

// Beside the code: whoever can write there can change the code too. The runtime's own place is the temporary directory, where
// others could put what we then run.
enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/node', import.meta.url)))
// There are a thousand files to load, and to look each one up would take a third of the start. What an ES module imports
// by a relative path is where the path says, and, with the same extension, an ES module too.
const formats = new Map()
const hooks = registerHooks({
  resolve(specifier, context, next) {
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
hooks.deregister()
// Said outright: a connection to somebody else's server that hangs must not keep us from ending.
process.exit(await run(process.argv.slice(2)))

#!/usr/bin/env node
// JavaScript, so that this file alone needs no type stripping: the stripper takes longer to load than all that follows,
// whose stripped and compiled code is kept between starts.
import { enableCompileCache } from 'node:module'

enableCompileCache()
const { run } = await import('./cli/index.ts')
// Said outright: a connection to somebody else's server that hangs must not keep us from ending.
process.exit(await run(process.argv.slice(2)))

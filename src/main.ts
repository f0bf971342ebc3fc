#!/usr/bin/env node
import { enableCompileCache } from 'node:module'

// Compiled code is kept between starts: the next one takes a third less time.
enableCompileCache()
const { run } = await import('./cli/index.ts')
// Said outright: a connection to somebody else's server that hangs must not keep us from ending.
process.exit(await run(process.argv.slice(2)))

import { openContext } from '../app.ts'
import { readConfig } from '../config.ts'
import { IN_MEMORY, shownLocation } from '../platform/db/engine.ts'
import { loadSeed, readSeed } from '../seed/load.ts'
import { type Command, parseFlags, print, UsageError } from './command.ts'
import { loadEnvironment, saveEnvironment } from './environment.ts'

export const seed: Command = {
  name: 'seed',
  usage: 'understudy seed FILE [--data DIR]',
  summary: 'load a seed file into a store, also while a server runs on it',
  async run(argv) {
    const { flags, positionals } = parseFlags(argv, ['data'], [], ['FILE'])
    const [file = ''] = positionals
    const config = await readConfig(flags)
    if (config.data === IN_MEMORY)
      throw new UsageError('a store in memory cannot be seeded from outside; use serve --seed')
    const read = await readSeed(file)
    const { context, close } = await openContext(config)
    try {
      const samples = await loadSeed(context, read)
      const saved = loadEnvironment(config.home)
      const url = saved?.url ?? context.settings.publicUrl
      // What is known already stays: it may be in use.
      saveEnvironment(config.home, { url, samples: { ...samples, ...saved?.samples } })
    } finally {
      await close()
    }
    print(`loaded ${file} into ${shownLocation(config.data)}`)
    return 0
  },
}

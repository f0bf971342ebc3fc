import { readConfig } from '../config.ts'
import { IN_MEMORY, shownLocation } from '../platform/db/engine.ts'
import { type Command, parseFlags, print, UsageError } from './command.ts'
import { environmentOf, loadEnvironment, shellExports } from './environment.ts'

export const env: Command = {
  name: 'env',
  usage: 'understudy env [--json] [--data DIR]',
  summary: 'print base URLs and sample credentials, as shell exports or JSON',
  async run(argv) {
    const { flags, switches } = parseFlags(argv, ['data'], ['json'])
    const { data, home } = await readConfig(flags)
    if (data === IN_MEMORY) {
      throw new UsageError('a store in memory ends with its server: its banner is the only place with its keys')
    }
    const saved = loadEnvironment(home)
    if (!saved) throw new Error(`no server has run on ${shownLocation(data)} yet; start one with \`understudy serve\``)
    print(switches.json ? JSON.stringify(environmentOf(saved)) : shellExports(saved).join('\n'))
    return 0
  },
}

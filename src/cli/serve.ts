import { type App, createApp } from '../app.ts'
import { readConfig } from '../config.ts'
import { IN_MEMORY, shownLocation } from '../platform/db/engine.ts'
import { stderrInPieces } from '../platform/log.ts'
import { readSeed, type SampleCredentials, seedIfEmpty } from '../seed/load.ts'
import { vendors } from '../vendors/index.ts'
import { type Command, parseFlags, print } from './command.ts'
import { loadEnvironment, saveEnvironment } from './environment.ts'

/** How long requests in flight, and webhooks under way, have to finish before the process ends without them. */
const STOP_MS = 20_000

export const serve: Command = {
  name: 'serve',
  usage:
    'understudy serve [--port 4600] [--host 127.0.0.1] [--data DIR | :memory: | postgres://…] [--seed FILE] [--tls-cert FILE --tls-key FILE]',
  summary: 'start the server',
  async run(argv) {
    const { flags } = parseFlags(argv, ['port', 'host', 'data', 'seed', 'tls-cert', 'tls-key'])
    const config = await readConfig(flags)
    const seed = flags.seed === undefined ? undefined : await readSeed(flags.seed)
    const app = await createApp(config, { log: stderrInPieces() })
    try {
      // Before they are stored, whatever happens then: keys are made once, and shown nowhere else.
      const keep = (samples: SampleCredentials) => void remember(config.home, app.url, samples)
      const made = await seedIfEmpty(app.context, seed, keep)
      if (!made && seed) app.context.log.info('the store is not empty: --seed is left alone')
      const url = await app.listen()
      const samples = remember(config.home, url, made)
      print(banner(url, shownLocation(config.data), samples, made !== undefined))
    } catch (error) {
      await app.close()
      throw error
    }
    return stopped(app)
  },
}

/** Writes down where the server is and the samples, those made just now or those known from before. Returns them. */
function remember(data: string, url: string, made: SampleCredentials | undefined): SampleCredentials {
  if (data === IN_MEMORY) return made ?? {}
  const samples = made ?? loadEnvironment(data)?.samples ?? {}
  saveEnvironment(data, { url, samples })
  return samples
}

function banner(url: string, data: string, samples: SampleCredentials, firstStart: boolean): string {
  const lines = [`Understudy listens on ${url}`, `  data      ${data}`, `  docs      ${url}/docs`]
  if (firstStart && data !== IN_MEMORY) lines.push('  keys      made just now; `npx understudy env` prints them again')
  for (const vendor of vendors) {
    const sample = samples[vendor.name] ?? {}
    lines.push('', vendor.title, `  base URL  ${vendor.environment(url, sample).baseUrl}`)
    const curl = vendor.curl(url, sample)
    if (curl) lines.push(`  try       ${curl}`)
  }
  lines.push('', 'Control API', `  base URL  ${url}/understudy/v1`)
  const token = samples.control?.token
  if (token) lines.push(`  try       curl -s -H 'authorization: Bearer ${token}' ${url}/understudy/v1/events`)
  return lines.join('\n')
}

/** Resolves with the exit code when the server has stopped: after SIGTERM or SIGINT, a second of which does not wait. */
function stopped(app: App): Promise<number> {
  return new Promise((resolve, reject) => {
    let stopping = false
    const stop = (signal: string, code = 0) => {
      if (stopping) process.exit(1)
      stopping = true
      app.context.log.info({ signal }, 'stopping')
      setTimeout(() => {
        app.context.log.error('requests did not finish in time; stopping without them')
        process.exit(1)
      }, STOP_MS).unref()
      app.close().then(() => resolve(code), reject)
    }
    process.on('SIGTERM', signal => stop(signal))
    process.on('SIGINT', signal => stop(signal))
    // A fault that nobody caught leaves the process in an unknown state: say so and end; the store is safe.
    process.on('uncaughtException', error => {
      app.context.log.fatal({ err: error }, 'uncaught fault; stopping')
      stop('uncaughtException', 1)
    })
  })
}

import { ConfigError } from '../config.ts'
import { toldOfFile } from '../platform/db/sqlite-errors.ts'
import { InvalidSeedError } from '../seed/load.ts'
import { backup } from './backup.ts'
import { type Command, print, UsageError } from './command.ts'
import { doctor } from './doctor.ts'
import { env } from './env.ts'
import { events } from './events.ts'
import { keys } from './keys.ts'
import { migrateStore } from './migrate-store.ts'
import { restore } from './restore.ts'
import { seed } from './seed.ts'
import { serve } from './serve.ts'

const commands: readonly Command[] = [serve, env, seed, keys, events, doctor, backup, restore, migrateStore]

/** Runs one command line. Returns the exit code: 0 done, 1 failed, 2 wrong usage. */
export async function run(argv: string[]): Promise<number> {
  const [name, ...rest] = argv
  const command = commands.find(candidate => candidate.name === name)
  const asked = ['help', '--help', '-h'].includes(name ?? '') || rest.includes('--help') || rest.includes('-h')
  if (asked) {
    print(command ? command.usage : usage())
    return 0
  }
  if (!command) {
    complain(name === undefined ? usage() : `there is no command "${name}"\n${usage()}`)
    return 2
  }
  try {
    return await command.run(rest)
  } catch (error) {
    complain(`understudy ${command.name}: ${reasonOf(error)}`)
    if (error instanceof UsageError) complain(`usage: ${command.usage}`)
    return isUsersMistake(error) ? 2 : 1
  }
}

function usage(): string {
  const width = Math.max(...commands.map(command => command.name.length))
  return [
    'usage:',
    ...commands.map(
      ({ name, usage, summary }) => `  ${name.padEnd(width)}  ${summary}\n  ${' '.repeat(width)}  ${usage}`,
    ),
  ].join('\n')
}

function isUsersMistake(error: unknown): boolean {
  return error instanceof UsageError || error instanceof ConfigError || error instanceof InvalidSeedError
}

/** One clear line for what an operator can mend. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code, port, address, path, syscall } = error as NodeJS.ErrnoException & { port?: number; address?: string }
  if (code === 'EADDRINUSE') return `port ${port} on ${address} is in use; choose another with --port`
  if (code === 'EADDRNOTAVAIL') return `${address} is no address of this machine; choose another with --host`
  if (code === 'EACCES' && port !== undefined) return `no permission to listen on port ${port}; choose one above 1023`
  // What cannot be made on a file system that is mounted to be read alone is not found.
  const isUnmade = code === 'ENOENT' && syscall === 'mkdir'
  if (isUnmade || code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return `no permission to write to ${path}; see whose it is, and how it is mounted`
  if (code === 'EEXIST' || code === 'ENOTDIR') return `${path} is not a directory that can be used for data`
  if (code === 'ERR_SQLITE_ERROR') {
    const told = toldOfFile(error)
    return `the store cannot be used: ${told instanceof Error ? told.message : error.message}`
  }
  return error.message
}

function complain(text: string): void {
  process.stderr.write(`${text}\n`)
}

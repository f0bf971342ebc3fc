// A disk that can be filled: a small file system in memory, mounted where nobody else sees it, by a process that holds it
// and with which it goes. Where that is not allowed, a limit on the size of the server's files, which it meets instead.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

export interface SmallDisk {
  /** Where it is mounted, as those see it who run by `through`. */
  path: string
  /** A command that runs another where the disk is. */
  through: readonly string[]
  /** Where we find its files; SQLite does not, for it follows the link in it. */
  seen: string
  /** `disk` where it is one, `limit` where files are limited in its stead. */
  kind: 'disk' | 'limit'
  /** Leaves no room to the server. */
  fill(pid: number): void
  free(pid: number): void
  /** Mounts it anew so that nothing can be written, or can again; only where nobody has a file open to write. */
  setReadOnly(readOnly: boolean): void
  end(): void
}

const MIB = 1024 * 1024
/** Of a database: what lies behind the first cannot be written, then, whether or not the file has it. */
const PAGE = 4096
const FILLER = 'filler'
const MOUNT = 'mount -t tmpfs -o size="$2" tmpfs "$1" && echo mounted && exec sleep 3600'

export async function makeSmallDisk(directory: string, mebibytes: number): Promise<SmallDisk> {
  const place = join(directory, 'disk')
  mkdirSync(place)
  const user = process.getuid?.() === 0 ? [] : ['--map-root-user']
  const holder = spawn('unshare', ['--mount', ...user, 'sh', '-c', MOUNT, 'sh', place, `${mebibytes}m`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const end = () => void holder.kill('SIGKILL')
  process.on('exit', end)
  const mounted = await Promise.race([
    once(holder.stdout, 'data').then(() => true),
    once(holder, 'exit').then(() => false),
    once(holder, 'error').then(() => false),
  ])
  if (!mounted) return limitIn(place)
  const seen = `/proc/${holder.pid}/root${place}`
  const entered = user.length === 0 ? ['--mount'] : ['--user', '--preserve-credentials', '--mount']
  const through = ['nsenter', `--target=${holder.pid}`, ...entered]
  return {
    path: place,
    through,
    seen,
    kind: 'disk',
    fill: () => fill(join(seen, FILLER)),
    free: () => rmSync(join(seen, FILLER), { force: true }),
    setReadOnly(readOnly) {
      // Of the mount alone: a file system is not mounted anew by a user who is not root outside too.
      const how = `remount,bind,${readOnly ? 'ro' : 'rw'}`
      const [command = '', ...rest] = [...through, 'mount', '-o', how, place]
      execFileSync(command, rest, { stdio: 'ignore' })
    },
    end() {
      process.off('exit', end)
      end()
    },
  }
}

/** Writes until nothing more can be. */
function fill(path: string): void {
  const file = openSync(path, 'a')
  try {
    for (const size of [MIB, PAGE, 1]) writeAll(file, Buffer.alloc(size))
  } finally {
    closeSync(file)
  }
}

function writeAll(file: number, piece: Buffer): void {
  try {
    while (writeSync(file, piece) > 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}

function limitIn(path: string): SmallDisk {
  const limit = (pid: number, size: number | string) =>
    execFileSync('prlimit', ['--pid', String(pid), `--fsize=${size}:`], { stdio: 'ignore' })
  return {
    path,
    through: [],
    seen: path,
    kind: 'limit',
    fill: pid => limit(pid, PAGE),
    free: pid => limit(pid, 'unlimited'),
    setReadOnly() {
      throw new Error('no disk can be mounted here')
    },
    end() {},
  }
}

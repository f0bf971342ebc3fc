import { accessSync, constants, existsSync, type Stats, statfsSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { IN_MEMORY, sqliteFileIn } from '../platform/db/engine.ts'
import { type Check, type Finding, failure, ok, warning } from './check.ts'
import type { Subject } from './subject.ts'

const MIB = 1024 * 1024
const FREE_MIN_BYTES = 100 * MIB
const FREE_ENOUGH_BYTES = 1024 * MIB
const OTHERS = 0o077
const OTHERS_WRITE = 0o022

/** The data directory; with PostgreSQL, the home beside it. */
export const dataDirectory: Check = {
  name: 'data directory',
  run({ config }: Subject) {
    const { data, home } = config
    if (data === IN_MEMORY) return [ok('none: the store is in memory, and ends with the server')]
    const path = resolve(home)
    if (!existsSync(path)) return [absent(path)]
    const stats = statSync(path)
    if (!stats.isDirectory()) return [failure(`${path} is no directory`, 'name another one with --data')]
    const findings = [...judgeAccess(path, stats), ...openFiles(path), ...judgeSpace(freeBytes(path), path)]
    const free = `${Math.floor(freeBytes(path) / MIB)} MiB free`
    return findings.length > 0 ? findings : [ok(`${path}, for its owner alone, ${free}`)]
  },
}

function absent(path: string): Finding {
  const found = `${path} is not there: no server has run on it`
  const parent = nearest(path)
  if (isWritable(parent)) return warning(found, 'check the path, or start the server, which makes it')
  return failure(
    `${found}, and none can: ${parent} takes no writes of ours`,
    'name another directory, or change its owner',
  )
}

function nearest(path: string): string {
  return existsSync(path) ? path : nearest(dirname(path))
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

function judgeAccess(path: string, { mode, uid }: Stats): Finding[] {
  const findings: Finding[] = []
  const us = process.getuid?.()
  if (!isWritable(path)) findings.push(failure(`${path} takes no writes of ours`, 'run as its owner, or change that'))
  else if (us !== undefined && uid !== us) {
    const advice = 'look as the user that the server runs as; if you did, change its owner'
    findings.push(warning(`${path} is owned by user ${uid}, not by us, ${us}`, advice))
  }
  if (mode & OTHERS_WRITE) findings.push(failure(`others can write in ${path}`, `chmod 700 ${path}`))
  else if (mode & OTHERS) findings.push(warning(`others can look into ${path}`, `chmod 700 ${path}`))
  return findings
}

/** Secrets, or what is sealed: each for its owner alone. */
function openFiles(path: string): Finding[] {
  const files = [sqliteFileIn(path), join(path, 'master.key'), join(path, 'environment.json')]
  return files
    .filter(file => existsSync(file) && statSync(file).mode & OTHERS)
    .map(file => failure(`others can read ${file}`, `chmod 600 ${file}; what was in it may be known`))
}

/** In bytes. */
export function judgeSpace(free: number, path: string): Finding[] {
  const found = `${Math.floor(free / MIB)} MiB are free where ${path} is`
  const advice = 'make room, or move it: without any, every change is refused'
  if (free < FREE_MIN_BYTES) return [failure(found, advice)]
  return free < FREE_ENOUGH_BYTES ? [warning(found, advice)] : []
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}

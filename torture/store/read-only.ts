// A data directory that takes no writes: at the start, and from under a server that runs on it.

import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from './command.ts'
import { type Surroundings, startScene } from './scene.ts'
import { makeSmallDisk } from './small-disk.ts'
import { checkStored } from './stored.ts'
import { writeSeed } from './world.ts'

const DISK_MIB = 16
const ADVICE = /^understudy serve: .*(see whose it is, and how it is mounted)/

/** A disk that is mounted to be read alone, with a store on it and with none: one line that says what to do. */
export async function startReadOnly({ findings }: Surroundings, directory: string): Promise<void> {
  mkdirSync(directory)
  const disk = await makeSmallDisk(directory, DISK_MIB)
  try {
    if (disk.kind === 'limit') return findings.leaveOut('starts on a read-only disk: none can be mounted')
    const data = join(disk.path, 'data')
    const seed = writeSeed(directory)
    const filled = await runCommand(['seed', seed, '--data', data], { through: disk.through })
    if (filled.code !== 0) throw new Error(filled.said)
    disk.setReadOnly(true)
    for (const place of [data, join(disk.path, 'new')]) {
      const { code, said } = await runCommand(['serve', '--port', '0', '--data', place], { through: disk.through })
      if (code !== 1 || !ADVICE.test(said) || said.trimEnd().split('\n').length > 1) {
        findings.fail(`a read-only data directory is told in a line, with exit code 1, and it was ${code}: ${said}`)
      }
      findings.count('starts on a read-only disk')
    }
  } finally {
    disk.end()
  }
}

/** The file is made immutable: writes fail, to those who have it open too, root or not. */
export async function turnReadOnly(surroundings: Surroundings, directory: string): Promise<void> {
  const { findings, quick } = surroundings
  mkdirSync(directory)
  const data = join(directory, 'data')
  await using scene = await startScene(surroundings, data, { flags: ['--seed', writeSeed(directory)] })
  const { load } = scene
  const files = ['understudy.db', 'understudy.db-wal'].map(name => join(data, name))
  await load.more('acknowledged', quick ? 30 : 200)
  if (isDone('+i', files)) {
    try {
      await load.more('refused', quick ? 40 : 300)
      await scene.ready('files that take no writes are told on /ready', /the (disk|data directory)/)
      load.readsMustPass = true
      await load.more('refused', quick ? 40 : 300)
      load.readsMustPass = false
    } finally {
      isDone('-i', files)
    }
    await load.more('acknowledged', quick ? 30 : 200)
    await scene.ready('files that take writes again are told on /ready')
    findings.count('files turned read-only under a server')
  } else findings.leaveOut('files turned read-only under a server: none can be made immutable')
  await scene.end()
  await checkStored(findings, { data, changes: load.changes })
}

function isDone(flag: '+i' | '-i', files: readonly string[]): boolean {
  try {
    execFileSync('chattr', [flag, ...files], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

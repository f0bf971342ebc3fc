// The disk of a SQLite store runs full under load, and has room again.

import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from './command.ts'
import { type Scene, type Surroundings, startScene } from './scene.ts'
import { makeSmallDisk, type SmallDisk } from './small-disk.ts'
import { checkStored } from './stored.ts'
import { writeSeed } from './world.ts'

/** The log of changes alone takes 16, before it is moved into the file. */
const DISK_MIB = 96
const FULL = /the disk (is full; make room|cannot be read or written)/

export async function fillDisk(surroundings: Surroundings, directory: string): Promise<void> {
  const { findings, quick } = surroundings
  mkdirSync(directory)
  const disk = await makeSmallDisk(directory, DISK_MIB)
  if (disk.kind === 'limit') findings.leaveOut('disks filled: none can be mounted, a limit on files stands in for it')
  try {
    const data = join(disk.path, 'data')
    await using scene = await startScene(surroundings, data, {
      flags: ['--seed', writeSeed(directory)],
      through: disk.through,
    })
    const { load } = scene
    await load.more('acknowledged', quick ? 50 : 300)
    for (let round = 0; round < (quick ? 1 : 4); round++) {
      disk.fill(scene.server().pid)
      await load.more('refused', quick ? 10 : 40)
      load.readsMustPass = true
      await load.more('refused', quick ? 10 : 400)
      await scene.ready('a full disk is told on /ready', FULL)
      if (disk.kind === 'disk' && round === 0) await backUpInto(surroundings, disk)
      load.readsMustPass = false
      if (round % 2 === 1) await startAnew(scene, disk)
      else disk.free(scene.server().pid)
      await load.more('acknowledged', quick ? 50 : 200)
      await scene.ready('a disk with room again is told on /ready')
      findings.count(disk.kind === 'disk' ? 'disks filled' : 'limits on files met')
    }
    await scene.end()
    const taken = join(directory, 'taken')
    mkdirSync(taken)
    for (const name of readdirSync(join(disk.seen, 'data')))
      copyFileSync(join(disk.seen, 'data', name), join(taken, name))
    await checkStored(findings, { data: taken, changes: load.changes })
  } finally {
    disk.end()
  }
}

/** Killed while its disk is full: whatever that leaves, the next one goes on from, once there is room. */
async function startAnew(scene: Scene, disk: SmallDisk): Promise<void> {
  const { pid } = scene.server()
  await scene.restart('SIGKILL', async () => {
    // A limit went with the process.
    if (disk.kind === 'disk') disk.free(pid)
  })
}

async function backUpInto({ findings }: Surroundings, { path, seen, through }: SmallDisk): Promise<void> {
  const file = join(path, 'backup.db')
  const { code, said } = await runCommand(['backup', file, '--data', join(path, 'data')], { through })
  const isTold = code === 1 && /(full|no space|no room)/i.test(said)
  if (!isTold || said.trimEnd().split('\n').length > 1) {
    findings.fail(`a backup onto a full disk says so in a line, and ended with ${code}: ${said}`)
  }
  if (existsSync(join(seen, 'backup.db'))) findings.fail('a backup that failed leaves no file, and did')
  findings.count('backups onto a full disk')
}

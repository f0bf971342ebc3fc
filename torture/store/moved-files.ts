// The database file is gone, replaced or damaged while a server runs on it: it says so, rather than acknowledge what nobody
// will see again, or answer wrongly.

import { copyFileSync, cpSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Change } from './load.ts'
import { type Scene, type Surroundings, startScene } from './scene.ts'
import { checkStored } from './stored.ts'
import { writeSeed } from './world.ts'

const FILE = 'understudy.db'
const MOVED = /the database file was removed or replaced/
const DAMAGED = /the database file is damaged/
const PAGE = 4096
/** What the load reads, and a start does not. */
const READ = "'aftership_memberships', 'easypost_users', 'memberstack_members'"

/** Moved away and back, replaced by an older copy, and removed: nothing is acknowledged meanwhile. */
export async function moveFiles(surroundings: Surroundings, directory: string): Promise<void> {
  const { findings, quick } = surroundings
  mkdirSync(directory)
  const data = join(directory, 'data')
  const path = join(data, FILE)
  const aside = join(directory, 'aside.db')
  await using scene = await startScene(surroundings, data, { flags: ['--seed', writeSeed(directory)] })
  const { load } = scene
  const some = quick ? 30 : 150
  await load.more('acknowledged', some)
  renameSync(path, aside)
  await assertNothingServed(scene, surroundings, 'moved away')
  renameSync(aside, path)
  await load.more('acknowledged', some)
  await scene.ready('a file that is back is told on /ready')
  renameSync(path, aside)
  copyFileSync(aside, path)
  await assertNothingServed(scene, surroundings, 'replaced by a copy')
  rmSync(path)
  renameSync(aside, path)
  await load.more('acknowledged', some)
  await scene.restart('SIGTERM')
  await load.more('acknowledged', some)
  await load.stop()
  // A copy of what there is, before all of it goes.
  const kept = join(directory, 'kept')
  await scene.restart('SIGTERM', async () => cpSync(data, kept, { recursive: true }))
  rmSync(data, { recursive: true })
  await scene.ready('a data directory that was removed is told on /ready', MOVED)
  await scene.end()
  await checkStored(findings, { data: kept, changes: load.changes, inDoubt: true })
}

async function assertNothingServed(scene: Scene, { findings }: Surroundings, how: string): Promise<void> {
  const { load } = scene
  await scene.ready(`a file that was ${how} is told on /ready`, MOVED)
  // Those that were under way are answered by then.
  await load.more('refused', 20)
  const { acknowledged } = load
  await load.more('refused', 40)
  await load.more('readsRefused', 10)
  if (load.acknowledged > acknowledged) findings.fail(`nothing is acknowledged into a file that was ${how}, and it was`)
  findings.count('files moved, replaced or removed')
}

/** Pages are overwritten by chance: what is answered is right, or nothing is any more, and that is told. */
export async function damageFile(surroundings: Surroundings, directory: string): Promise<void> {
  const { random, quick } = surroundings
  mkdirSync(directory)
  const whole = join(directory, 'whole')
  const seed = writeSeed(directory)
  await using scene = await startScene(surroundings, whole, { flags: ['--seed', seed] })
  const { load } = scene
  // Enough for each list to have some.
  await load.more('acknowledged', quick ? 60 : 400)
  await scene.end()
  const all = Array.from({ length: statSync(join(whole, FILE)).size / PAGE }, (_, place) => place + 1)
  const read = pagesRead(join(whole, FILE))
  for (let round = 0; round < (quick ? 1 : 8); round++) {
    const data = join(directory, `damaged-${round}`)
    mkdirSync(data)
    copyFileSync(join(whole, 'master.key'), join(data, 'master.key'))
    const bytes = readFileSync(join(whole, FILE))
    // Not the first, without which it is no database; many of the others, so that it is met: by the load, or at the start.
    for (const page of (round % 2 === 0 ? read : all).filter(page => page > 1)) {
      if (random.chance(0.2 + round / 20)) random.bytes(PAGE).copy(bytes, (page - 1) * PAGE)
    }
    writeFileSync(join(data, FILE), bytes)
    await serveDamaged(surroundings, data, load.changes)
  }
}

/** The pages that hold what the load reads, and the indexes that it finds it by. */
function pagesRead(path: string): number[] {
  const database = new DatabaseSync(path)
  const named = `select name from sqlite_schema where tbl_name in (${READ})`
  const pages = database.prepare(`select pageno from dbstat where name in (${named})`).all()
  database.close()
  return pages.map(({ pageno }) => Number(pageno))
}

async function serveDamaged(surroundings: Surroundings, data: string, former: readonly Change[]): Promise<void> {
  const { findings } = surroundings
  let scene: Scene
  try {
    scene = await startScene(surroundings, data, {}, former)
  } catch (error) {
    findings.count('damaged files met at a start')
    const said = String(error)
    if (!/understudy serve: .*(the database file is damaged)/.test(said)) {
      findings.fail(`a damaged file is told at the start, and it said ${said}`)
    }
    return
  }
  await scene.ready('a damaged file is told on /ready once it is met', DAMAGED)
  findings.count('damaged files met under load')
  const { acknowledged } = scene.load
  await scene.load.more('refused', 20)
  if (scene.load.acknowledged > acknowledged) findings.fail('nothing is acknowledged into a damaged file, and it was')
  await scene.end()
}

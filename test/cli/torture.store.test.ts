// Real processes whose disk runs full, whose file is damaged and whose clock jumps: `npm run torture -- store`, in short.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { Findings } from '../../torture/findings.ts'
import { Random } from '../../torture/random.ts'
import { jumpInShort } from '../../torture/store/clock-jumps.ts'
import { fillDisk } from '../../torture/store/disk-full.ts'
import { damageFile } from '../../torture/store/moved-files.ts'
import { startReadOnly } from '../../torture/store/read-only.ts'
import type { Surroundings } from '../../torture/store/scene.ts'
import { markdownOf, textOf } from '../../torture/summary.ts'
import { temporaryDirectory } from '../process.ts'

const SEED = 20_260_304
const USER = process.getuid?.() === 0 ? [] : ['--map-root-user']
/** Whether a disk can be mounted here, where nobody else sees it. */
const MOUNTS = spawnSync('unshare', ['--mount', ...USER, 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()]).status === 0
const LOADED = ['requests', 'reads compared', 'changes acknowledged']
const KEPT = { 'acknowledged, and lost': 0, 'done twice': 0, 'half done': 0 }

/** `done`: how often each thing has to have been done; what is named in `LOADED` at least once. */
async function assertKept(
  torture: (surroundings: Surroundings, directory: string) => Promise<void>,
  done: Record<string, number>,
  { isLoaded = true, leftOut = [] as RegExp[] } = {},
): Promise<void> {
  const findings = new Findings()
  await torture({ findings, random: new Random(SEED), quick: true }, join(temporaryDirectory(), 'torture'))
  const outcome = findings.outcome()
  assert.deepEqual(outcome.failures, [])
  assert.partialDeepStrictEqual(outcome.counts, done)
  for (const what of isLoaded ? LOADED : []) assert.ok(Number(outcome.counts[what]) > 0, what)
  assert.equal(outcome.leftOut.length, leftOut.length, outcome.leftOut.join())
  for (const [place, what] of leftOut.entries()) assert.match(outcome.leftOut[place] ?? '', what)
}

test('a disk that runs full under load: changes are refused, reads go on, and with room again all works', () =>
  MOUNTS
    ? assertKept(fillDisk, { 'disks filled': 1, ...KEPT })
    : assertKept(fillDisk, { 'limits on files met': 1, ...KEPT }, { leftOut: [/^disks filled: none can be mounted/] }))

test('a start on a disk that is mounted to be read alone: one line, and what to do', () =>
  MOUNTS
    ? assertKept(startReadOnly, { 'starts on a read-only disk': 2 }, { isLoaded: false })
    : assertKept(startReadOnly, {}, { isLoaded: false, leftOut: [/^starts on a read-only disk: none can be mounted/] }))

test('a file that is damaged under a server: what is answered is right, or refused, and it is told why', () =>
  assertKept(damageFile, { 'damaged files met under load': 1 }))

test('a clock that jumps by an hour and back under load: limits, tokens, signatures and webhooks are right', () =>
  assertKept(jumpInShort, { 'jumps of the clock': 3, ...KEPT }))

test('what cannot be done on a machine is told, and counts for nothing', () => {
  const findings = new Findings()
  findings.leaveOut('disks filled: none can be mounted')
  const section = { name: 'store', seconds: 1, outcome: findings.outcome() }
  assert.deepEqual(section.outcome.counts, {})
  assert.match(textOf(section), /^ {2}left out here: disks filled: none can be mounted$/m)
  assert.match(markdownOf([section]), /^\| store \| left out here: disks filled: none can be mounted \| {2}\|$/m)
})

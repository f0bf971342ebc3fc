// Real processes whose disk runs full and whose clock jumps: `npm run torture -- store`, in short.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import test from 'node:test'
import { Findings } from '../../torture/findings.ts'
import { Random } from '../../torture/random.ts'
import { jumpInShort } from '../../torture/store/clock-jumps.ts'
import { fillDisk } from '../../torture/store/disk-full.ts'
import { startReadOnly } from '../../torture/store/read-only.ts'
import type { Surroundings } from '../../torture/store/scene.ts'
import { temporaryDirectory } from '../process.ts'

const SEED = 20_260_304

async function assertKept(torture: (surroundings: Surroundings, directory: string) => Promise<void>): Promise<void> {
  const findings = new Findings()
  await torture({ findings, random: new Random(SEED), quick: true }, join(temporaryDirectory(), 'torture'))
  const { counts, failures } = findings.outcome()
  assert.deepEqual(failures, [])
  assert.equal(counts['acknowledged, and lost'] ?? 0, 0)
}

test('a disk that runs full under load: changes are refused, reads go on, and with room again all works', () =>
  assertKept(fillDisk))

test('a start on a disk that is mounted to be read alone: one line, and what to do', () => assertKept(startReadOnly))

test('a clock that jumps by an hour and back under load: limits, tokens, signatures and webhooks are right', () =>
  assertKept(jumpInShort))

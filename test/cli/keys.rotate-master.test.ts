// `understudy keys rotate-master` on a data directory: the key is a file there, or given in the environment.

import assert from 'node:assert/strict'
import { cpSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import test, { before } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { keepMasterKey, parseMasterKey, proposeMasterKey } from '../../src/platform/credentials/master-key.ts'
import { promote, type Rotation, reseal, rotateIn } from '../../src/platform/credentials/rotation.ts'
import { done } from '../backup.support.ts'
import { runHere } from '../here.ts'
import {
  assertDone,
  assertOpens,
  assertSecret,
  copyOf,
  fingerprint,
  inStore,
  keyFilesIn,
  keyIn,
  OPERATOR_TOKEN,
  randomKey,
  rotate,
  rotateApart,
  rotated,
  seededStore,
  stateOf,
} from '../master-keys.ts'
import { begin, fileWith, run, serve, temporaryDirectory } from '../process.ts'

const OPERATOR = { vendor: 'understudy', tenant: '', actor: 'cli:keys', operator: true } as const
const COMPLETE = /had begun before, and is complete now/
/** Greater than any that Linux gives out. */
const NO_PROCESS = 2 ** 22 + 1
const SEALED = /^The store is sealed under the new master key/

let seeded: string
before(async () => {
  seeded = await seededStore()
})

/** The data keys as they are stored. */
function sealedIn(data: string): string[] {
  const store = new DatabaseSync(join(data, 'understudy.db'))
  const rows = store.prepare('select sealed_key from data_keys').all()
  store.close()
  return rows.map(({ sealed_key }) => String(sealed_key))
}

test('a server runs on; the next one opens with the new key, a backup made before with the former; no key is shown', async () => {
  const data = copyOf(seeded)
  const [former, wasBefore, sealedBefore] = [keyIn(data), await stateOf(data), sealedIn(data)]
  const server = await serve(['--data', data])
  const found = await rotateApart(data)
  assertDone(found, SEALED)
  const next = keyIn(data)
  assert.notEqual(next, former)
  const kept = `master.key.${fingerprint(former)}`
  assert.ok(found.stdout.includes(join(data, kept)))
  assert.deepEqual(keyFilesIn(data), ['master.key', kept])
  for (const name of keyFilesIn(data)) assert.equal(statSync(join(data, name)).mode & 0o777, 0o600)

  await assertOpens(server.url)
  const headers = { authorization: `Bearer ${OPERATOR_TOKEN}` }
  const events = await (await fetch(`${server.url}/understudy/v1/events?type=master_key.rotated`, { headers })).text()
  assert.ok(events.includes(fingerprint(next)))
  const end = await server.end('SIGTERM')
  assertSecret([former, next], [found.stdout, found.stderr, events, end.stdout, end.stderr])

  assert.deepEqual(await stateOf(data), {
    ...wasBefore,
    masterKey: fingerprint(next),
    rotations: [rotated(former, next)],
  })
  // Nor is there a copy left that the former key opens, in what the store's file holds beside its rows.
  const file = readFileSync(join(data, 'understudy.db'))
  assert.equal(sealedBefore.length, 3)
  for (const sealed of sealedBefore) assert.equal(file.includes(sealed), false)

  // A backup of the database alone, with the key that was kept for it.
  const restored = copyOf(seeded)
  cpSync(join(data, kept), join(restored, 'master.key'))
  assert.deepEqual(await stateOf(restored), wasBefore)
})

const STEPS: readonly ((data: string, former: Uint8Array, next: Uint8Array) => unknown)[] = [
  (data, former) => keepMasterKey(data, former),
  (data, _, next) => proposeMasterKey(data, next),
  (data, former, next) => inStore(data, {}, context => reseal(context, OPERATOR, former, next)),
]

/** As the command does. */
function rotateAgain(data: string): Promise<Rotation> {
  return inStore(data, {}, context => rotateIn(data, context, OPERATOR, undefined))
}

for (let done = 0; done <= STEPS.length; done++) {
  test(`interrupted after step ${done}: a node that starts finds the key, and the command again completes it`, async () => {
    const data = copyOf(seeded)
    const [former, proposed, wasBefore] = [keyIn(data), randomKey(), await stateOf(data)]
    for (const step of STEPS.slice(0, done)) await step(data, parseMasterKey(former), parseMasterKey(proposed))
    writeFileSync(join(data, `.master.key.next.${NO_PROCESS}`), 'of a process that was killed while it wrote')
    const resealed = done === STEPS.length

    assert.equal((await stateOf(data)).masterKey, fingerprint(resealed ? proposed : former))

    const { resumed } = await rotateAgain(data)
    assert.equal(resumed, done >= 2)
    const next = keyIn(data)
    assert.equal(next === proposed, done >= 2)
    assert.deepEqual(keyFilesIn(data), ['master.key', `master.key.${fingerprint(former)}`])
    assert.deepEqual(await stateOf(data), {
      ...wasBefore,
      masterKey: fingerprint(next),
      rotations: [rotated(former, next)],
    })
  })
}

test('after the last step nothing is left: the command again makes another rotation', async () => {
  const data = copyOf(seeded)
  const [former, proposed] = [keyIn(data), randomKey()]
  for (const step of STEPS) await step(data, parseMasterKey(former), parseMasterKey(proposed))
  await inStore(data, {}, context => promote(data, context))
  assert.equal((await stateOf(data)).masterKey, fingerprint(proposed))
  assert.equal((await rotateAgain(data)).resumed, false)
  const kept = [former, proposed].map(key => `master.key.${fingerprint(key)}`).sort()
  assert.deepEqual(keyFilesIn(data), ['master.key', ...kept])
  assert.equal((await stateOf(data)).rotations.length, 2)
})

test('before the last step backup, restore and doctor take either key, and say that there is something left', async () => {
  const [data, proposed] = [copyOf(seeded), randomKey()]
  for (const step of STEPS) await step(data, parseMasterKey(keyIn(data)), parseMasterKey(proposed))
  const file = join(temporaryDirectory(), 'backup.db')
  assert.match(
    await done(['backup', file, '--data', data]),
    /the new one beside it: run `understudy keys rotate-master` again/,
  )
  const restored = temporaryDirectory()
  for (const name of ['master.key', 'master.key.next']) cpSync(join(data, name), join(restored, name))
  await done(['restore', file, '--data', restored])
  for (const directory of [data, restored]) {
    const { stdout } = await runHere(['doctor', '--data', directory, '--port', '0'])
    assert.match(stdout, /^warning +master key +the store is under its new master key/m)
  }
})

test('another run’s last step does not put a key in place that the store is not under yet', async () => {
  const data = copyOf(seeded)
  const former = keyIn(data)
  proposeMasterKey(data, parseMasterKey(randomKey()))
  await inStore(data, {}, context => promote(data, context))
  assert.equal(keyIn(data), former)
  assert.deepEqual(keyFilesIn(data), ['master.key', 'master.key.next'])
})

/** Starts a rotation, and kills it once the key is written down that is proposed. That is before the store is changed. */
async function killedOnceProposed(data: string): Promise<void> {
  const command = begin(['keys', 'rotate-master', '--data', data])
  let ended = false
  const finished = command.finished.finally(() => (ended = true))
  while (!ended && !keyFilesIn(data).includes('master.key.next')) await setTimeout(1)
  command.kill('SIGKILL')
  await finished
}

test('kill -9 while it waits for the store: nothing has changed but the key that is proposed, and that one is taken', async () => {
  const data = copyOf(seeded)
  const former = keyIn(data)
  const writer = new DatabaseSync(join(data, 'understudy.db'))
  writer.exec('begin immediate')
  await killedOnceProposed(data)
  const proposed = keyIn(data, 'master.key.next')
  writer.exec('rollback')
  writer.close()
  assert.equal((await stateOf(data)).masterKey, fingerprint(former))
  assertDone(await rotate(data), COMPLETE)
  assert.equal(keyIn(data), proposed)
  assert.deepEqual((await stateOf(data)).rotations, [rotated(former, proposed)])
})

test('kill -9 wherever it is by then: a node that starts finds the key, and the rotation is one', async () => {
  const data = copyOf(seeded)
  const former = keyIn(data)
  await killedOnceProposed(data)
  const begun = keyFilesIn(data).includes('master.key.next')
  await stateOf(data)
  if (begun) assertDone(await rotate(data), COMPLETE)
  assert.deepEqual((await stateOf(data)).rotations, [rotated(former, keyIn(data))])
  assert.deepEqual(keyFilesIn(data), ['master.key', `master.key.${fingerprint(former)}`])
})

test('two at once: whoever is first, the key in the file opens the store, and every former one is kept', async () => {
  const data = copyOf(seeded)
  const former = keyIn(data)
  const found = await Promise.all([rotateApart(data), rotateApart(data), rotateApart(data)])
  for (const { code, stdout, stderr } of found) {
    // One that starts while another ends may find its own key too late, and says so.
    if (code === 0) assert.match(stdout, /master key/)
    else assert.match(stderr, /does not open this store|another rotation has just ended/)
  }
  assert.ok(found.some(({ code }) => code === 0))
  const names = keyFilesIn(data)
  if (names.includes('master.key.next')) assertDone(await rotate(data), COMPLETE)
  const { masterKey, rotations } = await stateOf(data)
  assert.equal(masterKey, fingerprint(keyIn(data)))
  const chain = rotations.map(({ data }) => data as { fingerprint: string; formerFingerprint: string })
  const kept = chain.map(({ formerFingerprint }) => formerFingerprint)
  assert.deepEqual(kept, [fingerprint(former), ...chain.slice(0, -1).map(({ fingerprint }) => fingerprint)])
  for (const name of kept) assert.equal(fingerprint(keyIn(data, `master.key.${name}`)), name)
})

test('the key is the environment’s: with the new one beside it every node opens the store, before and after', async () => {
  const data = copyOf(seeded)
  const [former, next] = [keyIn(data), randomKey()]
  renameSync(join(data, 'master.key'), join(temporaryDirectory(), 'master.key'))
  const old = { UNDERSTUDY_MASTER_KEY: former }
  const both = { ...old, UNDERSTUDY_NEW_MASTER_KEY: Buffer.from(next, 'base64').toString('hex') }
  assert.equal((await stateOf(data, both)).masterKey, fingerprint(former))

  const found = await rotate(data, both)
  assertDone(found, SEALED)
  assert.match(found.stdout, /give every node the new key as UNDERSTUDY_MASTER_KEY/)
  const again = await rotateApart(data, old, '--new-key', fileWith('next.key', `${next}\n`))
  assertDone(again, COMPLETE)
  const refused = await run(['serve', '--port', '0', '--data', data], old)
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /^understudy serve: the master key does not open this store; .*last rotated to/)
  const server = await serve(['--data', data], both)
  await assertOpens(server.url)
  const { stderr } = await server.end('SIGTERM')
  assert.match(stderr, /"level":"warn".*run `understudy keys rotate-master` again/)
  const state = await stateOf(data, { UNDERSTUDY_MASTER_KEY: next })
  assert.deepEqual(state.rotations, [rotated(former, next)])
  assert.deepEqual(keyFilesIn(data), [])
  assertSecret(
    [former, next],
    [found, again, refused, { stdout: '', stderr }].map(({ stdout, stderr }) => stdout + stderr),
  )
})

test('a given key takes the place of the one in the file; another one does not take that of a rotation under way', async () => {
  const data = copyOf(seeded)
  const [former, next, other] = [keyIn(data), randomKey(), randomKey()]
  proposeMasterKey(data, parseMasterKey(next))
  const refused = await rotate(data, { UNDERSTUDY_NEW_MASTER_KEY: other })
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /master\.key\.next holds another key, of a rotation that was interrupted/)
  assert.equal((await stateOf(data)).masterKey, fingerprint(former))
  assertDone(await rotate(data, { UNDERSTUDY_NEW_MASTER_KEY: next }), COMPLETE)
  assert.equal(keyIn(data), next)
  assert.deepEqual((await stateOf(data)).rotations, [rotated(former, next)])
  assertDone(await rotate(data, {}, '--new-key', fileWith('other.key', other)), SEALED)
  assert.equal(keyIn(data), other)
})

// Another master key for nodes on one PostgreSQL: they run on, whatever becomes of the command; and start with what the
// operator gave them.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  assertDone,
  assertOpens,
  assertSecret,
  fingerprint,
  keyFilesIn,
  keyIn,
  randomKey,
  rotate,
  rotateApart,
  rotated,
  SEED,
  stateOf,
} from './master-keys.ts'
import { emptyDatabase, startNode, type TestDatabase, testOnPostgres, until } from './nodes.support.ts'
import { begin, fileWith, run, temporaryDirectory } from './process.ts'

const [first, second, third, fourth] = [randomKey(), randomKey(), randomKey(), randomKey()]
const given = (present: string, next?: string): NodeJS.ProcessEnv => ({
  UNDERSTUDY_MASTER_KEY: present,
  ...(next === undefined ? {} : { UNDERSTUDY_NEW_MASTER_KEY: next }),
})

testOnPostgres('nodes run on over a rotation, and start during and after it', async server => {
  const database = await emptyDatabase(server)
  const node = await startNode(database.url, SEED, { UNDERSTUDY_MASTER_KEY: first })
  await killedInside(database)
  assert.deepEqual(await stateOf(database.url, given(first)), await stateOf(database.url, given(first, second)))

  const found = await rotate(database.url, given(first, second))
  assertDone(found, /^The store is sealed under the new master key/)
  await assertOpens(node.url)
  const again = await rotateApart(database.url, given(first, second))
  assertDone(again, /had begun before, and is complete now/)

  const refused = await run(['serve', '--port', '0', '--data', database.url], {
    ...given(first),
    UNDERSTUDY_HOME: temporaryDirectory(),
  })
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /^understudy serve: the master key does not open this store; .*last rotated to/m)
  const both = await startNode(database.url, SEED, given(first, second))
  await assertOpens(both.url)
  assert.deepEqual((await stateOf(database.url, given(second))).rotations, [rotated(first, second)])
  await rotateInHomes(database)
  await oneOfTwo(database)
  const ends = await Promise.all([node, both].map(({ end }) => end('SIGTERM')))
  const said = [found, again, refused, ...ends].map(({ stdout, stderr }) => stdout + stderr)
  assertSecret([first, second], said)
})

/** With the data keys resealed, and nothing committed. */
async function killedInside(database: TestDatabase): Promise<void> {
  await database.during('lock table events in share mode', async () => {
    const command = begin(['keys', 'rotate-master', '--data', database.url], given(first, second))
    await until('its event waits', async () => {
      const [row] = await database.query<{ count: string }>(
        `select count(*) from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock' and query like 'insert into "events"%'`,
      )
      return Number(row?.count) > 0
    })
    command.kill('SIGKILL')
    assert.equal((await command.finished).code, null)
  })
}

/** Each node has the key in a file of its own: the same command for each. */
async function rotateInHomes(database: TestDatabase): Promise<void> {
  const homes = [1, 2].map(() => temporaryDirectory())
  for (const home of homes) writeFileSync(join(home, 'master.key'), second, { mode: 0o600 })
  const file = fileWith('next.key', third)
  const [one, other] = homes
  assert.ok(one && other)
  const here = await rotate(database.url, { UNDERSTUDY_HOME: one }, '--new-key', file)
  assertDone(here, /^The store is sealed .*\n(.*\n)*Nodes with a home of their own need the new key/)
  assertDone(await rotate(database.url, { UNDERSTUDY_HOME: other }, '--new-key', file), /is complete now/)
  for (const home of homes) {
    assert.equal(keyIn(home), third)
    assert.deepEqual(keyFilesIn(home), ['master.key', `master.key.${fingerprint(second)}`])
    assert.equal((await stateOf(database.url, { UNDERSTUDY_HOME: home })).rotations.length, 2)
  }
}

/** To two keys at once: one of them, and the other command says that it is not the store's. */
async function oneOfTwo(database: TestDatabase): Promise<void> {
  const found = await Promise.all([first, fourth].map(next => rotateApart(database.url, given(third, next))))
  assert.deepEqual(found.map(({ code }) => code).toSorted(), [0, 1])
  const winner = found[0]?.code === 0 ? first : fourth
  assert.match(found[found[0]?.code === 0 ? 1 : 0]?.stderr ?? '', /the master key does not open this store/)
  assert.deepEqual((await stateOf(database.url, given(winner))).rotations.at(-1), rotated(third, winner))
}

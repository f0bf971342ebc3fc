// What a storm starts from: what can be asked, what there is to name, and chance.

import type { Findings } from '../findings.ts'
import { Random } from '../random.ts'
import type { AnyDatabase } from './digest.ts'
import { operationsOf } from './operations.ts'
import type { Storm } from './storm.ts'
import { Wire } from './wire.ts'
import { World } from './world.ts'

/** A minute is what a request may take by itself; nothing here is that slow. */
const ANSWER_MS = 30_000

/** A storm on the server at `url`, whose store is `db`. `close` it afterwards. */
export async function prepareStorm(
  url: string,
  db: AnyDatabase,
  { seed, engine, findings }: { seed: number; engine: string; findings: Findings },
): Promise<Storm & { close(): void }> {
  const wire = new Wire(url, ANSWER_MS)
  const send: Storm['send'] = shot => wire.send(shot)
  const world = new World(send)
  await world.begin()
  const operations = await operationsOf(target =>
    send({ method: 'GET', target, headers: [], body: undefined, changes: [] }),
  )
  const origin = `seed ${seed}, ${engine}`
  const random = new Random(seed)
  return { send, db, world, operations, random, findings, origin, sent: new Map(), close: () => wire.close() }
}

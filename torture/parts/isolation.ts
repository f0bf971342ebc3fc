// Isolation: many tenants of every vendor at once, each with all that it has marked as its own and each trying what is
// another's. On SQLite, and on two nodes that share a PostgreSQL.

import { join } from 'node:path'
import { startPostgres } from '../../bench/stores/postgres.ts'
import { playTenants } from '../isolation/run.ts'
import { type Hosted, startHosts } from '../isolation/servers.ts'
import { runPart } from '../part.ts'
import { Random } from '../random.ts'

const LONG = { tenants: 12, operations: 300 }
const QUICK = { tenants: 3, operations: 40 }

await runPart(async ({ directory, quick, seed, findings }) => {
  const size = quick ? QUICK : LONG
  const play = async (name: string, stores: string[]) => {
    let hosted: Hosted | undefined
    const start = async (world: Parameters<Parameters<typeof playTenants>[0]['start']>[0]) => {
      hosted = await startHosts(join(directory, name), stores, world, new Random(seed))
      return hosted
    }
    await playTenants({ seed, ...size, findings, start }).finally(() => hosted?.stop())
  }
  await play('sqlite', [join(directory, 'sqlite', 'data')])
  const postgres = await startPostgres(directory)
  await play('nodes', [postgres.url, postgres.url]).finally(() => postgres.stop())
})

// Makes a store on disk with one EasyPost parent of many children, through the same rules as a seed file.

import { openContext } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { randomIds } from '../../src/platform/ids.ts'
import { loadSeed } from '../../src/seed/load.ts'
import { markSealed } from './filling.ts'

/** So high that no benchmark meets it; every request is still counted. */
const REQUESTS_PER_SECOND = 1_000_000

export interface ChildrenStore {
  directory: string
  productionKey: string
  parent: string
  /** Ids of the children, oldest first. */
  children: string[]
}

/** Fills the empty `directory` with a parent of `size` children, with two keys each; all or nothing. */
export async function makeChildrenStore(directory: string, size: number): Promise<ChildrenStore> {
  const parent = `user_${randomIds.hex32()}`
  const children = Array.from({ length: size }, () => `user_${randomIds.hex32()}`)
  const user = {
    id: parent,
    name: 'Acme',
    email: 'admin@acme.example',
    rateLimit: { listPerSecond: REQUESTS_PER_SECOND, perSecond: REQUESTS_PER_SECOND },
    children: children.map((id, n) => ({ id, name: `Child ${n}`, email: `child${n}@acme.example` })),
  }
  const { context, close } = await openContext(await readConfig({ data: directory }, {}))
  try {
    const seed = { easypost: { users: [user] } }
    const samples = await loadSeed(context, { name: 'bench', seed, lineOf: () => 0 })
    await markSealed(context)
    return { directory, productionKey: samples.easypost?.productionKey ?? '', parent, children }
  } finally {
    await close()
  }
}

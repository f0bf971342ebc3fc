// The receivers that the tenants' webhooks go to: one of every way for each tenant, and some that are down.

import type { Random } from '../random.ts'
import { startHostile } from './hostile.ts'
import type { Receiver } from './judge.ts'
import { TENANTS, type Tenant } from './tenants.ts'
import { everyWay, type Way } from './ways.ts'

/** A tenant may have as many. */
const ENDPOINTS_MAX = 50
/** They are like this for good; so is whoever has no certificate that anybody trusts. */
const FOR_GOOD = ['answers 5xx', 'closes after the request']

/** For AfterShip's, EasyPost's and Memberstack's tenant; `fits` leaves out ways. */
export async function startReceivers(random: Random, fits: (way: Way) => boolean): Promise<Receiver[]> {
  const started: Promise<Receiver>[] = []
  for (const tenant of ['aftership', 'easypost', 'memberstack'] as const) {
    const ways = Object.entries(everyWay(random.fork())).filter(([, way]) => fits(way))
    started.push(start('is down', undefined, tenant, true), start('is down for good', undefined, tenant, false))
    for (const [name, way] of ways) {
      started.push(start(name, way, tenant, way.scheme === undefined && !FOR_GOOD.includes(name)))
    }
    if (ways.length + 2 > ENDPOINTS_MAX) throw new Error(`${ways.length + 2} endpoints are more than a tenant may have`)
  }
  return Promise.all(started)
}

/** One that is dead at first, and one that is well. */
export async function startBulkReceivers(): Promise<Receiver[]> {
  const [dead, well] = [
    await start('is dead', undefined, 'bulk', true),
    await start('is well', undefined, 'bulk', true),
  ]
  well.hostile.recover()
  return [dead, well]
}

export function urlsOf(receivers: readonly Receiver[]): Record<Tenant, string[]> {
  const of = (tenant: Tenant) =>
    receivers.filter(receiver => receiver.tenant === tenant).map(({ hostile }) => hostile.url)
  return { aftership: of('aftership'), easypost: of('easypost'), memberstack: of('memberstack'), bulk: of('bulk') }
}

async function start(name: string, way: Way | undefined, tenant: Tenant, recovers: boolean): Promise<Receiver> {
  return { name, way, tenant, recovers, hostile: await startHostile(way, name) }
}

export const TENANT_NAMES = Object.keys(TENANTS) as Tenant[]

// Deliveries of a tenant, as its operator reads them.

import type { Random } from '../random.ts'
import type { Ground } from './ground.ts'
import type { Viewer } from './marks.ts'
import type { Request } from './wire.ts'

/** What was sent to a webhook, as the operator sees it. */
export async function lookAtDelivery(
  { ground, random }: { ground: Ground; random: Random },
  operator: Viewer,
  get: (path: string) => Request,
  deliveries: readonly { id: string }[],
): Promise<void> {
  if (deliveries.length === 0) return
  const { id } = random.pick(deliveries)
  await ground.get(operator, get(`/deliveries/${id}`), 200)
  await ground.get(operator, get(`/deliveries/${id}/attempts`), 200)
}

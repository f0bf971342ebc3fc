// Thousands of deliveries that wait for one dead endpoint, beside one that is well: neither holds up the other.

import type { Findings } from '../findings.ts'
import { LOST, type Receiver, TWICE } from './judge.ts'
import { deliveriesOf } from './reading.ts'
import { BULK_MARK, bulkChange, type Send } from './tenants.ts'

const AT_ONCE = 8

/** Makes so many changes, each acknowledged. */
export async function changeMany(send: Send, count: number): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < count) {
      const { status, body } = await send(bulkChange(next++))
      if (status !== 200) throw new Error(`a change was answered with ${status}: ${JSON.stringify(body)}`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}

/** Each message came to each of the two, once; the dead one had to be tried again. */
export async function judgeBulk(
  send: Send,
  receivers: readonly Receiver[],
  count: number,
  findings: Findings,
): Promise<void> {
  const mine = receivers.filter(({ tenant }) => tenant === 'bulk')
  for (const { name, hostile } of mine) {
    const times = [...hostile.got].filter(([body]) => body.includes(BULK_MARK)).map(([, got]) => got)
    const [came, most] = [times.length, Math.max(0, ...times)]
    findings.count('deliveries that arrived', came)
    if (came < count) findings.count(LOST, count - came)
    if (came !== count) findings.fail(`${came} of ${count} messages came to the endpoint that '${name}'`)
    if (most > 1) findings.count(TWICE)
    if (most > 1) findings.fail(`a message came ${most} times to the endpoint that '${name}' and took it each time`)
  }
  const deliveries = (await deliveriesOf(send, 'bulk')).filter(({ eventType }) => eventType === 'member.updated')
  const unfinished = deliveries.filter(({ status }) => status !== 'completed').length
  if (unfinished > 0 || deliveries.length !== count * mine.length) {
    findings.fail(`${unfinished} of ${deliveries.length} deliveries of ${count} changes are not recorded as taken`)
  }
}

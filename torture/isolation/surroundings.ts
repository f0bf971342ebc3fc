// What the server says beside its answers: each webhook delivery must be its endpoint's own in body, headers, URL and
// signature, and the log and the metrics, which are for no tenant, show nothing of any.

import { setTimeout as pause } from 'node:timers/promises'
import type { Ground } from './ground.ts'
import type { Host } from './host.ts'

/** How often it is looked whether the last deliveries have come. */
const LOOKS_MAX = 600
const LOOK_MS = 100

/** Who sees what is for no tenant. */
export const NOBODY = { name: 'nobody', sees: () => false, learns: 'nobody/nothing' }

/** Deliveries to their end, then the log and the metrics, which are for no tenant. */
export async function seeSurroundings(ground: Ground, host: Host): Promise<void> {
  const { receiver } = ground.parts
  for (let look = 0; look < LOOKS_MAX; look++) {
    await host.settle()
    readDeliveries(ground)
    if (receiver.missing() === 0) break
    await pause(LOOK_MS)
  }
  compareDeliveries(ground)
  const { marks } = ground
  const metrics = await host.send({ method: 'GET', path: '/metrics', headers: {} })
  const [labelled] = marks.anythingIn(metrics.text)
  if (labelled !== undefined) ground.broken(NOBODY, `the metrics show ${labelled}`)
  const lines = host.log()
  ground.count('log lines', lines.length)
  for (const line of lines) {
    const [logged] = marks.personalIn(line)
    if (logged !== undefined) ground.broken(NOBODY, `the log shows ${logged}: ${line}`)
  }
}

/** Looks at what has come since. */
function readDeliveries(ground: Ground): void {
  for (const { delivered, hook } of ground.parts.receiver.take()) {
    if (!hook) ground.broken(NOBODY, `a delivery came to ${delivered.path}, which nobody registered`)
    const { headers, body } = delivered
    ground.search(hook.viewer, `a delivery to ${hook.path}`, { headers, text: body }, '')
    const read = hook.read(delivered)
    if (!read) ground.broken(hook.viewer, `a delivery to ${hook.path} has not its own secret: ${body}`)
    hook.got.set(read.message, read.told)
    ground.count('deliveries')
  }
}

/** Every endpoint against the model: what was removed may have missed some, and none got more. */
function compareDeliveries(ground: Ground): void {
  for (const { viewer, path, expected, removed, got } of ground.parts.receiver.all()) {
    const told = [...got.values()].sort()
    if (!removed) ground.equal(viewer, `what ${path} got`, told, expected.toSorted())
    const left = [...expected]
    for (const one of told) {
      const at = left.indexOf(one)
      if (at < 0) ground.broken(viewer, `${path} got ${one}, which was not for it`)
      left.splice(at, 1)
    }
  }
}

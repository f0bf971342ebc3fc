// The mixed load: chance picks an operation by its weight, and the operation makes the request.

import type { Random } from '../random.ts'
import { aftershipOperations } from './aftership.ts'
import { controlOperations } from './control.ts'
import { easypostOperations } from './easypost.ts'
import type { Exchange } from './exchange.ts'
import { memberstackOperations } from './memberstack.ts'
import type { LoadStore } from './store.ts'
import type { Visit } from './visit.ts'
import { type OperationName, type Operations, WEIGHTS } from './weights.ts'

export const operationNames = Object.keys(WEIGHTS) as OperationName[]

/**
 * Returns what makes the next request, of the mix or of one kind. Each comes from `random`, and from what was answered so
 * far.
 */
export function mixedLoad(store: LoadStore, visit: Visit, random: Random): (kind?: OperationName) => Exchange {
  const operations: Operations = {
    ...aftershipOperations(store),
    ...easypostOperations(store, visit),
    ...memberstackOperations(store, visit),
    ...controlOperations(store),
  }
  const bag = operationNames.flatMap(name => Array.from({ length: WEIGHTS[name] }, () => name))
  return (name = random.pick(bag)) => {
    const next = operations[name]
    if (!next) throw new Error(`nothing makes ${name}`)
    return { name, ...next(random) }
  }
}

// Whether an answer holds what a guide's response example shows.

import assert from 'node:assert/strict'

/**
 * Every member that `example` has is in `actual`, at the same place and with the same value. A text that ends in `...`
 * stands for any text that begins so.
 */
export function assertHolds(actual: unknown, example: unknown, path = 'body'): void {
  if (Array.isArray(example)) {
    assert.ok(Array.isArray(actual), path)
    for (const [index, item] of example.entries()) assertHolds(actual[index], item, `${path}[${index}]`)
  } else if (typeof example === 'object' && example !== null) {
    assert.ok(typeof actual === 'object' && actual !== null, path)
    const members = new Map(Object.entries(actual))
    for (const [name, value] of Object.entries(example)) assertHolds(members.get(name), value, `${path}.${name}`)
  } else if (typeof example === 'string' && example.endsWith('...')) {
    assert.ok(String(actual).startsWith(example.slice(0, -3)), path)
  } else {
    assert.equal(actual, example, path)
  }
}

import assert from 'node:assert/strict'
import test from 'node:test'
import { LookupCache } from './lookup-cache.ts'

/** A cache over a store of one value, which counts how often it is asked. */
function counting() {
  const state = { version: 1, value: 'first', loads: 0, elapsed: 0 }
  const cache = new LookupCache(
    () => state.version,
    () => state.elapsed,
  )
  const load = async () => {
    state.loads++
    return state.value
  }
  return { state, cache, read: (key = 'key') => cache.get(key, load) }
}

test('a value is loaded once', async () => {
  const { state, read } = counting()
  assert.deepEqual([await read(), await read()], ['first', 'first'])
  assert.equal(state.loads, 1)
  await read('another')
  assert.equal(state.loads, 2)
})

test('what was not found is asked for again', async () => {
  const { cache, read } = counting()
  assert.equal(await cache.get('key', async () => undefined), undefined)
  assert.equal(await read(), 'first')
})

test('clearing forgets everything', async () => {
  const { state, cache, read } = counting()
  await read()
  state.value = 'second'
  assert.equal(await read(), 'first')
  cache.clear()
  assert.equal(await read(), 'second')
})

test('a commit by another process forgets everything', async () => {
  const { state, read } = counting()
  await read()
  state.value = 'second'
  state.version++
  state.elapsed += 19
  assert.equal(await read(), 'first', 'not asked more often than every 20 ms')
  state.elapsed += 1
  assert.equal(await read(), 'second')
  await read()
  assert.equal(state.loads, 2, 'and only once')
})

test('a load that began before a clear is not remembered', async () => {
  const { cache, read } = counting()
  const { promise, resolve } = Promise.withResolvers<string>()
  const slow = cache.get('key', () => promise)
  cache.clear()
  resolve('outdated')
  assert.equal(await slow, 'outdated')
  assert.equal(await read(), 'first')
})

test('a load that began before a commit by another process is not remembered', async () => {
  const { state, cache, read } = counting()
  const { promise, resolve } = Promise.withResolvers<string>()
  const slow = cache.get('key', () => promise)
  state.version++
  state.elapsed += 20
  await read('another')
  resolve('outdated')
  await slow
  assert.equal(await read(), 'first')
})

test('a load that fails is not remembered and tells its caller', async () => {
  const { cache, read } = counting()
  await assert.rejects(
    cache.get('key', async () => {
      throw new Error('no answer')
    }),
    /no answer/,
  )
  assert.equal(await read(), 'first')
})

test('memory is bounded: after many thousand keys the first is no longer known', async () => {
  const { state, read } = counting()
  for (let index = 0; index <= 10_000; index++) await read(`key ${index}`)
  const { loads } = state
  await read('key 0')
  assert.equal(state.loads, loads + 1)
})

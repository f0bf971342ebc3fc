import assert from 'node:assert/strict'
import test from 'node:test'
import { DomainError } from './errors.ts'
import { Turns } from './turns.ts'

/** Work that says when it starts and ends when it is told to. */
function pieces(turns: Turns) {
  const started: string[] = []
  const ends = new Map<string, PromiseWithResolvers<string>>()
  const start = (name: string) => {
    const end = Promise.withResolvers<string>()
    ends.set(name, end)
    return turns.run(() => {
      started.push(name)
      return end.promise
    })
  }
  const end = async (name: string) => {
    ends.get(name)?.resolve(name)
    await settle()
  }
  const fail = async (name: string) => {
    ends.get(name)?.reject(new Error(name))
    await settle()
  }
  return { started, start, end, fail }
}

/** Lets promises that are settled run on. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve()
}

function isRefused(error: unknown): boolean {
  return error instanceof DomainError && error.code === 'rateLimited'
}

test('so many run at once; the others follow one by one, in the order in which they came', async () => {
  const { started, start, end } = pieces(new Turns(2, 10))
  const all = Promise.all(['a', 'b', 'c', 'd', 'e'].map(start))
  assert.deepEqual(started, ['a', 'b'])
  await end('b')
  assert.deepEqual(started, ['a', 'b', 'c'])
  await end('c')
  assert.deepEqual(started, ['a', 'b', 'c', 'd'])
  await end('a')
  assert.deepEqual(started, ['a', 'b', 'c', 'd', 'e'])
  await end('d')
  await end('e')
  assert.deepEqual(await all, ['a', 'b', 'c', 'd', 'e'])
})

test('who comes when the queue is full is refused and never starts; a place that is free again is taken', async () => {
  const { started, start, end } = pieces(new Turns(1, 1))
  const first = start('first')
  const second = start('second')
  await assert.rejects(start('refused'), isRefused)
  await end('first')
  const third = start('third')
  await assert.rejects(start('refused too'), isRefused)
  await end('second')
  await end('third')
  assert.deepEqual(await Promise.all([first, second, third]), ['first', 'second', 'third'])
  assert.deepEqual(started, ['first', 'second', 'third'])
})

test('who comes while a place changes hands takes it from nobody', async () => {
  const { started, start, end } = pieces(new Turns(1, 10))
  const first = start('first')
  const second = start('second')
  const ending = end('first')
  const third = first.then(() => start('third'))
  await ending
  assert.deepEqual(started, ['first', 'second'])
  await end('second')
  assert.deepEqual(started, ['first', 'second', 'third'])
  await end('third')
  await Promise.all([second, third])
})

test('work that fails gives its place on, and its failure to who asked', async () => {
  const { started, start, end, fail } = pieces(new Turns(1, 1))
  const first = assert.rejects(start('first'), { message: 'first' })
  const second = start('second')
  await fail('first')
  await first
  assert.deepEqual(started, ['first', 'second'])
  await end('second')
  assert.equal(await second, 'second')
})

test('work that throws at once keeps no place', async () => {
  const turns = new Turns(1, 0)
  const broken = () => {
    throw new Error('broken')
  }
  await assert.rejects(turns.run(broken), { message: 'broken' })
  assert.equal(await turns.run(async () => 'done'), 'done')
})

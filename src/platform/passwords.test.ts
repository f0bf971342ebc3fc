import assert from 'node:assert/strict'
import { createHook } from 'node:async_hooks'
import test, { type TestContext } from 'node:test'
import { DomainError } from './errors.ts'
import { createPasswords, type PasswordSettings } from './passwords.ts'

const CHEAP: PasswordSettings = { memoryKiB: 8, passes: 1, parallelism: 1, concurrency: 2 }
const passwords = createPasswords(CHEAP)

/** Counts what argon2 is asked to do from here to the end of the test. */
function watchArgon2(t: TestContext): { asked: number; atOnceMax: number } {
  const running = new Set<number>()
  const seen = { asked: 0, atOnceMax: 0 }
  const hook = createHook({
    init(id, type) {
      if (type !== 'ARGON2REQUEST') return
      running.add(id)
      seen.asked++
      seen.atOnceMax = Math.max(seen.atOnceMax, running.size)
    },
    before: id => void running.delete(id),
  }).enable()
  t.after(() => hook.disable())
  return seen
}

// From the tests of argon2's reference implementation.
const reference: [password: string, stored: string][] = [
  ['password', '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4'],
  ['password', '$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc'],
]
for (const [password, stored] of reference) {
  test(`a hash made elsewhere is verified at its own cost: ${stored.slice(0, 30)}`, async () => {
    assert.equal(await passwords.verify(password, stored), true)
    assert.equal(await passwords.verify(`${password}1`, stored), false)
  })
}

test('a hash is a PHC string with the cost of the settings, and is new each time', async () => {
  const form = /^\$argon2id\$v=19\$m=16,t=3,p=2\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/
  const { hash } = createPasswords({ memoryKiB: 16, passes: 3, parallelism: 2, concurrency: 1 })
  const [one, other] = [await hash('correct horse'), await hash('correct horse')]
  assert.match(one, form)
  assert.match(other, form)
  assert.notEqual(one, other)
})

const taken: { name: string; password: string; other: string }[] = [
  { name: 'upper and lower case differ', password: 'Correct Horse', other: 'correct horse' },
  { name: 'spaces at the ends count', password: ' correct horse ', other: 'correct horse' },
  { name: 'two texts that look alike differ', password: 'caf\u00e9', other: 'cafe\u0301' },
  { name: 'what follows a NUL counts', password: 'horse\0one', other: 'horse\0two' },
  { name: 'characters outside the basic plane are whole', password: '\u{1f40e}', other: '\u{1f40f}' },
  { name: 'the replacement character is a character', password: '\ufffd', other: '\ufffd\ufffd' },
  { name: 'what comes late in a long one counts', password: `${'x'.repeat(1000)}a`, other: `${'x'.repeat(1000)}b` },
  { name: 'the empty one is one', password: '', other: ' ' },
]
for (const { name, password, other } of taken) {
  test(`passwords are taken as they are: ${name}`, async () => {
    const stored = await passwords.hash(password)
    assert.equal(await passwords.verify(password, stored), true)
    assert.equal(await passwords.verify(other, stored), false)
  })
}

for (const password of ['\ud83d', 'a\udc0e', '\udc0e\ud83d']) {
  test(`no password has lone surrogates: ${JSON.stringify(password)}`, async () => {
    await assert.rejects(passwords.hash(password), (error: unknown) => {
      assert.ok(error instanceof DomainError)
      assert.equal(error.code, 'invalid')
      assert.deepEqual(error.issues, [{ path: 'password', problem: 'invalid', hint: 'must be well-formed Unicode' }])
      return true
    })
    // What UTF-8 would make of it.
    const stored = await passwords.hash(password.toWellFormed())
    assert.equal(await passwords.verify(password, stored), false)
  })
}

test('a hash that was tampered with is that of no password', async () => {
  const stored = await passwords.hash('correct horse')
  const [, , , , salt = '', hash = ''] = stored.split('$')
  const swapped = (text: string) => (text.startsWith('A') ? 'B' : 'A') + text.slice(1)
  const tampered = [
    stored.replace(salt, swapped(salt)),
    stored.replace(hash, swapped(hash)),
    stored.replace(hash, hash.slice(0, 22)),
    stored.replace('m=8', 'm=16'),
    stored.replace('t=1', 't=2'),
    stored.replace('argon2id', 'argon2i'),
    stored.slice(0, -1),
    `${stored} `,
  ]
  for (const text of tampered) assert.equal(await passwords.verify('correct horse', text), false, text)
  assert.equal(await passwords.verify('correct horse', stored), true)
})

const without: [name: string, stored: string | null | undefined][] = [
  ['no hash', null],
  ['no account', undefined],
  ['an empty hash', ''],
  ['a hash that cannot be read', 'correct horse'],
  ['a hash that would cost too much', `$argon2id$v=19$m=4194304,t=9,p=1$c29tZXNhbHQ$${'A'.repeat(43)}`],
]
for (const [name, stored] of without) {
  test(`the answer is no after the same work: ${name}`, async t => {
    const seen = watchArgon2(t)
    assert.equal(await passwords.verify('correct horse', stored), false)
    assert.equal(seen.asked, 1)
  })
}

const impossible: [cost: Partial<PasswordSettings>, parameter: string][] = [
  [{ memoryKiB: 7 }, 'memory'],
  [{ passes: 0 }, 'passes'],
  [{ parallelism: 0 }, 'parallelism'],
]
for (const [cost, parameter] of impossible) {
  // Seen by a cost that argon2 itself refuses.
  test(`without a hash the work costs what the settings say, with one what the hash says: ${parameter}`, async () => {
    const stored = await passwords.hash('correct horse')
    const strange = createPasswords({ ...CHEAP, ...cost })
    const refusal = { code: 'ERR_OUT_OF_RANGE', message: new RegExp(`"parameters\\.${parameter}"`) }
    await assert.rejects(strange.hash('correct horse'), refusal)
    await assert.rejects(strange.verify('correct horse', null), refusal)
    assert.equal(await strange.verify('correct horse', stored), true)
  })
}

for (const concurrency of [1, 3]) {
  test(`so many are hashed at once, new ones and others together: ${concurrency}`, async t => {
    const { hash, verify } = createPasswords({ ...CHEAP, concurrency })
    const seen = watchArgon2(t)
    await Promise.all(Array.from({ length: 20 }, (_, index) => (index % 2 ? hash('one') : verify('other', null))))
    assert.deepEqual(seen, { asked: 20, atOnceMax: concurrency })
  })
}

test('512 wait; who comes then is refused, and is welcome when they are done', async t => {
  const { hash, verify } = createPasswords({ ...CHEAP, concurrency: 2 })
  const seen = watchArgon2(t)
  const waiting = Array.from({ length: 2 + 512 }, () => verify('correct horse', null))
  const isRefused = (error: unknown) => error instanceof DomainError && error.code === 'rateLimited'
  await Promise.all([
    assert.rejects(verify('correct horse', null), isRefused),
    assert.rejects(hash('correct horse'), isRefused),
  ])
  assert.ok((await Promise.all(waiting)).every(answer => !answer))
  assert.deepEqual(seen, { asked: 514, atOnceMax: 2 })
  assert.match(await hash('correct horse'), /^\$argon2id\$/)
})

test('a hash made at another cost, or in another way, is to be made anew', async () => {
  const stored = await passwords.hash('correct horse')
  assert.equal(passwords.needsRehash(stored), false)
  for (const cost of [{ memoryKiB: 16 }, { passes: 2 }, { parallelism: 2, memoryKiB: 16 }]) {
    const today = createPasswords({ ...CHEAP, ...cost })
    assert.equal(today.needsRehash(stored), true)
    assert.equal(today.needsRehash(await today.hash('correct horse')), false)
  }
  assert.equal(passwords.needsRehash(stored.replace('argon2id', 'argon2i')), true)
  assert.equal(passwords.needsRehash(''), true)
})

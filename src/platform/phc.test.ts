import assert from 'node:assert/strict'
import test from 'node:test'
import * as phc from './phc.ts'

// From the tests of argon2's reference implementation: "password", "somesalt".
const REFERENCE = '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4'

test('a hash is read', () => {
  assert.deepEqual(phc.read(REFERENCE), {
    cost: { memoryKiB: 256, passes: 2, parallelism: 1 },
    salt: Buffer.from('somesalt'),
    hash: Buffer.from('9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe', 'hex'),
  })
})

/** A text with some of its parts replaced; the rest is the reference's. */
function text({ m = '256', t = '2', p = '1', salt = 'c29tZXNhbHQ', hash = 'A'.repeat(43) } = {}): string {
  return `$argon2id$v=19$m=${m},t=${t},p=${p}$${salt}$${hash}`
}

const read: { name: string; text: string }[] = [
  { name: 'the reference', text: REFERENCE },
  { name: 'the least cost', text: text({ m: '8', t: '1', p: '1' }) },
  { name: 'the least memory for its lanes', text: text({ m: '24', p: '3' }) },
  { name: 'the greatest cost', text: text({ m: '262144', t: '16', p: '16' }) },
  { name: 'a hash of 16 bytes', text: text({ hash: 'A'.repeat(22) }) },
  { name: 'salt and hash of 64 bytes', text: text({ salt: 'A'.repeat(86), hash: 'A'.repeat(86) }) },
]
for (const { name, text } of read) {
  test(`read, and written the same: ${name}`, () => {
    const found = phc.read(text)
    assert.ok(found)
    assert.equal(phc.write(found), text)
    assert.ok(text.startsWith(phc.prefix(found.cost)))
  })
}

const refused: { name: string; text: string }[] = [
  { name: 'nothing', text: '' },
  { name: 'no hash at all', text: 'password' },
  { name: 'bcrypt', text: '$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW' },
  { name: 'argon2i', text: REFERENCE.replace('argon2id', 'argon2i') },
  { name: 'argon2d', text: REFERENCE.replace('argon2id', 'argon2d') },
  { name: 'the version before', text: REFERENCE.replace('v=19', 'v=16') },
  { name: 'no version', text: REFERENCE.replace('v=19$', '') },
  { name: 'no lanes', text: REFERENCE.replace(',p=1', '') },
  { name: 'parameters in another order', text: REFERENCE.replace('m=256,t=2', 't=2,m=256') },
  { name: 'a parameter more', text: REFERENCE.replace('p=1', 'p=1,keyid=AAAA') },
  { name: 'less memory than argon2 takes', text: text({ m: '7' }) },
  { name: 'less memory than its lanes take', text: text({ m: '23', p: '3' }) },
  { name: 'too much memory', text: text({ m: '262145' }) },
  { name: 'far too much memory', text: text({ m: '4294967295' }) },
  { name: 'no pass', text: text({ t: '0' }) },
  { name: 'too many passes', text: text({ t: '17' }) },
  { name: 'no lane', text: text({ p: '0' }) },
  { name: 'too many lanes', text: text({ p: '17' }) },
  { name: 'a leading zero', text: text({ m: '0256' }) },
  { name: 'a sign', text: text({ t: '+2' }) },
  { name: 'a fraction', text: text({ t: '2.0' }) },
  { name: 'a salt that argon2 does not take', text: text({ salt: 'c29tZXNhbA' }) },
  { name: 'a salt too long', text: text({ salt: 'A'.repeat(87) }) },
  { name: 'no salt', text: text({ salt: '' }) },
  { name: 'a hash that chance would meet', text: text({ hash: 'A'.repeat(20) }) },
  { name: 'a hash too long', text: text({ hash: 'A'.repeat(87) }) },
  { name: 'no hash part', text: REFERENCE.slice(0, REFERENCE.lastIndexOf('$')) },
  { name: 'padding', text: `${REFERENCE}=` },
  { name: 'base64url', text: REFERENCE.replace('/', '_') },
  { name: 'bits that base64 leaves out', text: REFERENCE.replace(/4$/, '5') },
  { name: 'a part more', text: `${REFERENCE}$AAAA` },
  { name: 'a line end', text: `${REFERENCE}\n` },
  { name: 'a space before', text: ` ${REFERENCE}` },
]
for (const { name, text } of refused) {
  test(`not read: ${name}`, () => assert.equal(phc.read(text), undefined))
}

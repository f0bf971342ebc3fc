// What is kept of a mail server's refusal.

import assert from 'node:assert/strict'
import test from 'node:test'
import { reasonOf, secretsIn } from './refusal.ts'

const TEXT = 'Join at\nhttps://acme.test/invitations/aftership/Q1w2e3r4t5y6u7i8o9p0AsDf\nor enter the code 493021.\n'
const LINK = 'Q1w2e3r4t5y6u7i8o9p0AsDf'

const cases: [name: string, said: string, kept: string][] = [
  ['a refusal stays as it is', '550 5.1.1 <jane@acme.test>: no such user', '550 5.1.1 <jane@acme.test>: no such user'],
  ['a link is hidden', `554 spam: https://acme.test/x/${LINK}`, '554 spam: https://acme.test/x/***'],
  ['so is what the end of a line leaves of it', `554 spam: =\r\n${LINK.slice(9)}`, '554 spam: = ***'],
  ['a code is hidden', '554 we have seen 493021 before', '554 we have seen *** before'],
  ['words of a mail are no secret', '554 invitations are spam', '554 invitations are spam'],
  ['the password is hidden', '535 bad: hunter22 of u', '535 bad: *** of u'],
  ['as SMTP carries it, too', `535 bad: ${Buffer.from('\0u\0hunter22').toString('base64')}`, '535 bad: ***'],
  ['lines become one, and U+0000 goes', '550-no\n550 \0really\t', '550-no 550 really'],
  ['half a megabyte becomes 500 characters', 'x'.repeat(500_000), 'x'.repeat(500)],
]
for (const [name, said, kept] of cases) {
  test(name, () => assert.equal(reasonOf(new Error(said), secretsIn('smtp://u:hunter22@mail.test'), TEXT), kept))
}

test('the password of a URL, as it is, and in the URL’s form', () => {
  assert.deepEqual(secretsIn('smtp://mail.test'), [])
  assert.deepEqual(secretsIn('smtp://u:a%20b@mail.test').slice(2), ['a b', 'a%20b'])
})

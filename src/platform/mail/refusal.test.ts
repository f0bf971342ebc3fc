import assert from 'node:assert/strict'
import test from 'node:test'
import { reasonOf } from './refusal.ts'

const URL_OF_SERVER = 'smtp://mailer:p%40ssword@mail.test'
const said = (message: string, command?: string) =>
  reasonOf(
    Object.assign(new Error(message), command === undefined ? {} : { response: message, command }),
    URL_OF_SERVER,
  )

test('what a mail server says before it has the text is told, without the password in any form', () => {
  assert.equal(said('connect ECONNREFUSED 127.0.0.1:25'), 'connect ECONNREFUSED 127.0.0.1:25')
  assert.equal(said('451 mailbox busy', 'RCPT TO'), '451 mailbox busy')
  const plain = Buffer.from('\0mailer\0p@ssword').toString('base64')
  const login = Buffer.from('p@ssword').toString('base64')
  for (const password of ['p@ssword', 'p%40ssword', plain, login]) {
    assert.equal(said(`535 no ${password} here`, 'AUTH PLAIN'), '535 no *** here')
    assert.equal(said(`550 no ${password} here`, 'MAIL FROM'), '550 no *** here')
  }
})

test('what it says after it has the text is told by its status alone', () => {
  for (const [message, status] of [
    ['550 5.7.1 spam: your code is 123456', '550 5.7.1'],
    ['554-5.6.0 your code is 123456', '554-5.6.0'],
    ['552 your code is 123456', '552'],
    ['your code is 123456', 'no status'],
  ] as const) {
    for (const command of ['DATA', 'RSET', '']) {
      assert.equal(
        said(message, command),
        `the mail was not taken: ${status} (the rest is left out: it may quote the mail)`,
      )
    }
  }
})

test('what it says is one line of 500 characters at most, without U+0000', () => {
  assert.equal(said('550-no\r\n550 \0really\t', 'RCPT TO'), '550-no 550 really')
  assert.equal(said('x'.repeat(500_000), 'MAIL FROM'), 'x'.repeat(500))
})

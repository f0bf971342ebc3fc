import assert from 'node:assert/strict'
import test from 'node:test'
import { masked } from './masked.ts'

const SECRET = 'a "secret"+/='

test('a secret is masked as it is, in JSON, percent-encoded and in base64, wherever it stands', () => {
  const written = [SECRET, JSON.stringify(SECRET), encodeURIComponent(SECRET), Buffer.from(SECRET).toString('base64')]
  for (const text of written) {
    const shown = masked(`you sent ${text}, and again ${text}`, [SECRET])
    assert.match(shown, /^you sent "?\*\*\*"?, and again "?\*\*\*"?$/)
  }
})

test('of two secrets of which one holds the other nothing is left', () => {
  assert.equal(masked('Bearer abcdef-ghijkl', ['abcdef', 'Bearer abcdef-ghijkl']), '***')
})

test('a secret that the end of the text cuts off is masked too', () => {
  assert.equal(masked('it was 0123456789ab', ['0123456789abcdef']), 'it was ***')
  assert.equal(masked('it was 01234', ['0123456789abcdef']), 'it was 01234')
})

test('what is too short to be a secret stays, and so does all else', () => {
  assert.equal(masked('ops: no such team, x-team', ['ops', '']), 'ops: no such team, x-team')
})

import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { after } from 'node:test'
import { placed } from './place.ts'

const directory = mkdtempSync(join(tmpdir(), 'understudy-'))
after(() => rmSync(directory, { recursive: true }))
const path = join(directory, 'file')
const taken = () => new Error('taken')

test('what cannot be written to its end leaves nothing', async () => {
  const write = placed(path, taken, async draft => {
    writeFileSync(draft, 'half')
    throw Object.assign(new Error('database or disk is full'), { errcode: 13 })
  })
  await assert.rejects(write, /^Error: there is no room left for .*file$/)
  assert.deepEqual(readdirSync(directory), [])
})

test('a file is not there before it is whole, and only its owner reads it', async () => {
  const seen = await placed(path, taken, async draft => {
    writeFileSync(draft, 'whole')
    return readdirSync(directory).includes('file')
  })
  assert.equal(seen, false)
  assert.equal(readFileSync(path, 'utf8'), 'whole')
  assert.equal(statSync(path).mode & 0o777, 0o600)
  assert.deepEqual(readdirSync(directory), ['file'])
})

test('what came there meanwhile is not replaced', async () => {
  await assert.rejects(
    placed(path, taken, async draft => writeFileSync(draft, 'another')),
    /taken/,
  )
  assert.equal(readFileSync(path, 'utf8'), 'whole')
  assert.deepEqual(readdirSync(directory), ['file'])
})

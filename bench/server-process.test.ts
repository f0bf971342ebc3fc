import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { NODE_FLAGS } from './server-process.ts'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

test('a measured server has the flags of the runtime that an operator’s has', () => {
  const flags = NODE_FLAGS.join(' ')
  const { start, dev } = JSON.parse(read('../package.json')).scripts
  assert.equal(start, `node ${flags} src/main.js serve`)
  assert.equal(dev, `node --watch ${flags} src/main.js serve`)
  assert.equal(read('../src/main.js').split('\n', 1)[0], `#!/usr/bin/env -S node ${flags}`)
})

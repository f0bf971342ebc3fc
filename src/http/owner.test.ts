import assert from 'node:assert/strict'
import test from 'node:test'
import { vendors } from '../vendors/index.ts'
import { ownerOf } from './owner.ts'

const nameOf = (path: string) => ownerOf(path, vendors)?.name

test('a path is whose prefix it has, up to where a segment, the path or the query ends', () => {
  for (const end of ['', '/', '/x', '?a', '#a', '/x#a']) {
    assert.equal(nameOf(`/admin/2022-01${end}`), 'aftership', end)
    assert.equal(nameOf(`/v2${end}`), 'easypost', end)
    assert.equal(nameOf(`/v2/data-tables${end}`), 'memberstack', end)
    assert.equal(nameOf(`/understudy${end}`), undefined, end)
    assert.equal(nameOf(`/docs${end}`), undefined, end)
  }
})

test('a path that nobody has is of the vendor at the root', () => {
  for (const path of ['/', '/nowhere', '/v2x', '/understudyx', '/docs.html', '/administration', '', '*']) {
    assert.equal(nameOf(path), 'memberstack', path)
  }
})

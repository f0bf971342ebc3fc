// What we depend on: pinned, and under licences that we may ship.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { promisify } from 'node:util'
import { fileWith } from '../process.ts'

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Record<
  'dependencies' | 'devDependencies',
  Record<string, string>
>
const licences = (...argv: string[]) => promisify(execFile)(process.execPath, ['scripts/licences.mjs', ...argv])

test('every dependency is pinned to one version', () => {
  for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
    assert.match(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/, name)
  }
})

test('everything that an installation without development has is listed with its licence, and nothing else', async () => {
  const { stdout } = await licences()
  const names = stdout.trimEnd().split('\n')
  for (const [name, version] of Object.entries(manifest.dependencies)) {
    assert.ok(
      names.some(line => line.startsWith(`${name} ${version} `)),
      name,
    )
  }
  const { stdout: tree } = await promisify(execFile)('npm', [
    'ls',
    '--omit=dev',
    '--all',
    '--parseable',
    '--package-lock-only',
  ])
  const installed = tree.split('\n').flatMap(path => path.split('node_modules/').slice(1).at(-1) ?? [])
  assert.deepEqual([...new Set(names.map(line => line.split(' ')[0]))].toSorted(), [...new Set(installed)].toSorted())
  assert.equal((await licences('--quiet')).stdout, '')
})

test('a licence that is not allowed, or none at all, fails', async () => {
  for (const license of ['AGPL-3.0', undefined]) {
    const packages = { '': {}, 'node_modules/viral': { version: '1.0.0', license } }
    const lock = fileWith('package-lock.json', JSON.stringify({ packages }))
    await assert.rejects(licences('--quiet', '--lock', lock), /Command failed[\s\S]*viral 1\.0\.0: the licence /)
  }
  const packages = { 'node_modules/only-for-tests': { version: '1.0.0', license: 'AGPL-3.0', dev: true } }
  await licences('--lock', fileWith('package-lock.json', JSON.stringify({ packages })))
})

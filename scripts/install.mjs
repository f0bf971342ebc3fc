// Installs the dependencies when they are missing or older than the lock file, and bundles those that load slowly. Runs on
// whatever Node the machine has, before anything is installed: plain JavaScript, nothing imported from elsewhere.

import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from './bundle.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const lock = join(root, 'package-lock.json')
const installed = join(root, 'node_modules', '.package-lock.json')

if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs) {
  console.error('Installing the dependencies (npm ci). This takes about half a minute, once …')
  const { status } = spawnSync('npm', ['ci', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (status !== 0) {
    console.error('npm ci failed; its message is above.')
    process.exit(1)
  }
}

try {
  await bundle()
} catch (error) {
  console.error(`The dependencies could not be bundled (${error.message}); the server only starts somewhat slower.`)
}

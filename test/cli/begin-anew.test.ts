// The first start on changed code, which compiles it and then begins anew with what it compiled: on a copy of the code
// whose cache is empty.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { temporaryDirectory } from '../process.ts'

/** One that begins anew for ever never serves. */
const TIMEOUT_MS = 60_000
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The code with the packages that it needs, and nothing compiled. */
function freshCopy(): { main: string; cache: string } {
  const copy = temporaryDirectory()
  for (const name of ['src', 'scripts', 'package.json']) cpSync(join(ROOT, name), join(copy, name), { recursive: true })
  mkdirSync(join(copy, 'node_modules'))
  for (const name of readdirSync(join(ROOT, 'node_modules')).filter(entry => entry !== '.cache')) {
    symlinkSync(join(ROOT, 'node_modules', name), join(copy, 'node_modules', name), 'junction')
  }
  return { main: join(copy, 'src/main.js'), cache: join(copy, 'node_modules/.cache') }
}

/** Starts a server, asks whether it is ready, calls `look`, and stops it; all that it said is given. */
async function served(main: string, look: () => void): Promise<string> {
  const argv = [main, 'serve', '--port', '0', '--data', temporaryDirectory()]
  const options = { env: { UNDERSTUDY_LOG_LEVEL: 'warn' }, timeout: TIMEOUT_MS, killSignal: 'SIGKILL' } as const
  const child = spawn(process.execPath, argv, { ...options, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  const lines: string[] = []
  try {
    for await (const line of createInterface(child.stdout)) {
      lines.push(line)
      const url = /^Understudy listens on (\S+)$/.exec(line)?.[1]
      if (url === undefined) continue
      assert.equal((await fetch(`${url}/ready`)).status, 200)
      look()
      child.kill('SIGTERM')
    }
  } finally {
    child.kill('SIGKILL')
  }
  assert.deepEqual(await ended, [0, null])
  return lines.join('\n')
}

test('a first start keeps what it compiled before it serves, and serves once', async () => {
  const { main, cache } = freshCopy()
  const said = await served(main, () => {
    // What is compiled is kept when a process ends; this one is still there.
    assert.ok(readdirSync(join(cache, 'node'), { recursive: true }).length > 100)
  })
  assert.equal(said.match(/listens on/g)?.length, 1)
})

test('a server that can keep nothing of what it compiled serves all the same', async () => {
  const { main, cache } = freshCopy()
  writeFileSync(cache, 'a file where the directory would be')
  await served(main, () => assert.ok(!existsSync(join(cache, 'node'))))
})

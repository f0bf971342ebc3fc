// `understudy doctor` as people run it.

import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import type { Summary } from '../../src/doctor/report.ts'
import { run, serve, temporaryDirectory } from '../process.ts'

test('beside a running server all is well: a line for each check, exit code 0; what fails is exit code 1', async () => {
  const data = temporaryDirectory()
  const server = await serve(['--data', data], { UNDERSTUDY_LOG_LEVEL: 'silent' })
  const { port } = new URL(server.url)
  const well = await run(['doctor', '--data', data, '--port', port])
  assert.deepEqual([well.code, well.stderr], [0, ''], well.stdout)
  const lines = well.stdout.trimEnd().split('\n')
  assert.equal(lines.pop(), '15 findings: 0 failures, 0 warnings')
  for (const line of lines) assert.match(line, /^ok {7}[a-zA-Z ]{16}\S/)
  assert.match(
    well.stdout,
    new RegExp(`^ok +port +an Understudy answers on 127\\.0\\.0\\.1:${port}, and is ready$`, 'm'),
  )

  chmodSync(join(data, 'master.key'), 0o644)
  const open = await run(['doctor', '--json', '--data', data, '--port', port])
  assert.equal(open.code, 1)
  const { failures, findings } = JSON.parse(open.stdout) as Summary
  assert.equal(failures, 1)
  const [finding] = findings.filter(({ level }) => level === 'failure')
  assert.equal(finding?.check, 'data directory')
  assert.match(finding?.found ?? '', /^others can read .*master\.key$/)
  assert.equal((await server.end('SIGTERM')).code, 0)
})

test('a setting that is not valid is exit code 1, what the command line does not take exit code 2', async () => {
  const invalid = await run(['doctor', '--port', 'x'])
  assert.deepEqual([invalid.code, invalid.stderr], [1, ''])
  assert.match(invalid.stdout, /^failure {2}configuration {2}--port must be a port number/)
  const unknown = await run(['doctor', '--seed', 'x'])
  assert.equal(unknown.code, 2)
  assert.match(unknown.stderr, /\nusage: understudy doctor /)
})

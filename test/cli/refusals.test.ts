// What the command line refuses: one clear message, the right exit code, and nothing touched.

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import test, { before } from 'node:test'
import { runHere } from '../here.ts'
import { type Finished, fileWith, run, serve, shell, temporaryDirectory } from '../process.ts'

const seed = fileWith(
  'good.yaml',
  `
aftership:
  accounts:
    - { id: acc_jane, email: jane@acme.test }
  organizations:
    - id: org_acme
      name: Acme
      memberships:
        - { email: jane@acme.test, role: member }
`,
)

/** A store that the seed has been loaded into; no test here changes it. */
const store = temporaryDirectory()
before(async () => {
  const { code, stderr } = await runHere(['seed', seed, '--data', store])
  assert.equal(code, 0, stderr)
})

/** Every file with a hash of what it holds. */
function contentsOf(directory: string): [name: string, hash: string][] {
  return readdirSync(directory)
    .sort()
    .map(name => [
      name,
      createHash('sha256')
        .update(readFileSync(join(directory, name)))
        .digest('hex'),
    ])
}

function assertRefused(found: Finished, code: number, stderr: RegExp): void {
  assert.match(found.stderr, stderr)
  assert.equal(found.code, code, found.stderr)
  assert.equal(found.stdout, '')
}

/** Exit code 1 and a single line, which is no stack. */
function assertOneLine(found: Finished, says: RegExp): void {
  assertRefused(found, 1, says)
  assert.equal(found.stderr.trimEnd().split('\n').length, 1, found.stderr)
}

test('a command line that does not fit: exit code 2, what is wrong, and the usage', async () => {
  const cases: [argv: string[], says: RegExp][] = [
    [[], /^usage:/],
    [['serve', '--bogus'], /--bogus.*\nusage: understudy serve /s],
    [['seed', 'a.yaml', 'b.yaml'], /b\.yaml.*\nusage: understudy seed /],
  ]
  const directory = temporaryDirectory()
  const found = await Promise.all(cases.map(([argv]) => runHere(argv, {}, directory)))
  for (const [index, [, says]] of cases.entries()) {
    const outcome = found[index]
    assert.ok(outcome)
    assertRefused(outcome, 2, says)
  }
  await assert.rejects(
    serve(['acme.yaml'], {}, directory),
    /the server ended with 2: .*acme\.yaml.*\nusage: understudy serve /s,
    'a seed is named with --seed, and not beside it',
  )
  assert.deepEqual(readdirSync(directory), [])
})

test('asked for help, it helps', async () => {
  const { code, stdout } = await runHere(['--help'])
  assert.equal(code, 0)
  for (const line of [
    /understudy serve \[--port 4600\] \[--host 127\.0\.0\.1\] \[--data DIR/,
    /understudy env \[--json\] \[--data/,
    /understudy seed FILE \[--data/,
  ]) {
    assert.match(stdout, line)
  }
})

test('a wrong setting is named, a line too where it stands in a file, and the store is not made', async () => {
  const parent = temporaryDirectory()
  const data = join(parent, 'data')
  const config = fileWith('config.yaml', 'host: 127.0.0.1\nport: many\n')
  const secret = 'not a master key but a secret'
  const cases: [argv: string[], env: NodeJS.ProcessEnv, stderr: string][] = [
    [[], { UNDERSTUDY_CONFIG: config }, `${config}:2: port: must be integer\n`],
    [[], { UNDERSTUDY_MASTER_KEY: secret }, 'UNDERSTUDY_MASTER_KEY: a master key is 32 bytes, as base64 or hex\n'],
  ]
  const found = await Promise.all(cases.map(([argv, env]) => runHere(['serve', '--data', data, ...argv], env)))
  for (const [index, [, , stderr]] of cases.entries()) {
    assert.deepEqual(found[index], { code: 2, stdout: '', stderr: `understudy serve: ${stderr}` })
  }
  assert.deepEqual(readdirSync(parent), [])
})

const wrongSeeds: [text: string, says: string][] = [
  ['aftership:\n  accounts:\n    - { email: no email }\n', ':3: aftership.accounts.0.email: '],
  ['aftership:\n  organisations: []\n', ':2: aftership.organisations: no such setting'],
  ['memberstack:\n  apps:\n    - { id: no_app, name: Acme }\n', ':3: memberstack.apps.0.id: '],
]

test('a seed that does not validate: file, line and key; no store is made, and one that is there is not touched', async () => {
  const untouched = contentsOf(store)
  const none = join(temporaryDirectory(), 'data')
  const files = wrongSeeds.map(([text]) => fileWith('wrong.yaml', text))
  const found = await Promise.all([
    ...files.map(file => runHere(['seed', file, '--data', store])),
    runHere(['serve', '--port', '0', '--data', none, '--seed', String(files[0])]),
  ])
  const [onServe] = found.splice(files.length)
  for (const [index, [text, says]] of wrongSeeds.entries()) {
    const stderr = `understudy seed: ${files[index]}${says}`
    assert.equal(found[index]?.stderr.slice(0, stderr.length), stderr, text)
    assert.equal(found[index]?.code, 2, text)
  }
  assert.equal(onServe?.code, 2)
  assert.ok(onServe.stderr.startsWith(`understudy serve: ${files[0]}${wrongSeeds[0]?.[1]}`))
  assert.equal(existsSync(none), false)
  assert.deepEqual(contentsOf(store), untouched)
})

test('a seed that a rule refuses, loaded twice for instance: its line, and nothing of it is stored', async () => {
  const untouched = contentsOf(store)
  const late = fileWith(
    'late.yaml',
    `aftership:
  accounts:
    - { email: new@acme.test }
  organizations:
    - name: New
      memberships:
        - { email: new@acme.test, role: member }
        - email: new@acme.test
          role: chief
control: { tokens: [{ name: new, scope: admin }] }
`,
  )
  const [twice, lateRefused] = await Promise.all([
    runHere(['seed', seed, '--data', store]),
    run(['seed', late, '--data', store]),
  ])
  assertRefused(twice, 2, new RegExp(`^understudy seed: ${seed}:4: aftership\\.accounts\\.0: .*exists already`))
  assertRefused(
    lateRefused,
    2,
    new RegExp(`^understudy seed: ${late}:9: aftership\\.organizations\\.0\\.memberships\\.1`),
  )
  assert.deepEqual(contentsOf(store), untouched)
})

test('a busy port: one clear line, and the keys of a first start are not lost with it', async () => {
  const busy = createServer()
  await new Promise<void>(resolve => busy.listen(0, '127.0.0.1', resolve))
  const address = busy.address()
  const port = String(typeof address === 'object' && address?.port)
  const data = temporaryDirectory()
  try {
    const found = await run(['serve', '--port', port, '--data', data])
    assertOneLine(found, new RegExp(`^understudy serve: port ${port} on 127\\.0\\.0\\.1 is in use`))
  } finally {
    busy.close()
  }
  const server = await serve(['--data', data])
  for (const curl of server.curls) {
    assert.equal(await shell(`${curl} -o /dev/null -w '%{http_code}'`), '200', curl)
  }
  assert.ok(server.curls.some(curl => curl.includes('/understudy/v1/')))
  await server.end('SIGTERM')
})

test('a data directory that cannot be used: one clear line', async () => {
  const file = fileWith('data', 'not a directory')
  const cases: [data: string, says: string][] = [
    [file, `${file} is not a directory that can be used for data`],
    // Nobody may make files there, not even the superuser.
    ['/sys', 'no permission to write to /sys'],
  ]
  const found = await Promise.all(cases.map(([data]) => run(['serve', '--port', '0', '--data', data])))
  for (const [index, [, says]] of cases.entries()) {
    const outcome = found[index]
    assert.ok(outcome)
    assertOneLine(outcome, /^understudy serve: /)
    assert.ok(outcome.stderr.includes(says), outcome.stderr)
  }
  assert.equal(readFileSync(file, 'utf8'), 'not a directory')
})

test('a store that is damaged, or of another master key: one clear line, and it stays as it is', async () => {
  const untouched = contentsOf(store)
  const other = randomBytes(32).toString('base64')
  const refused = await run(['serve', '--port', '0', '--data', store], { UNDERSTUDY_MASTER_KEY: other })
  assertOneLine(refused, /^understudy serve: the master key does not open this store/)
  assert.equal(refused.stderr.includes(other), false)
  assert.deepEqual(contentsOf(store), untouched)

  const damaged = temporaryDirectory()
  writeFileSync(join(damaged, 'understudy.db'), 'this is no database, and was never one\n'.repeat(100))
  const found = await run(['serve', '--port', '0', '--data', damaged])
  assertOneLine(found, /^understudy serve: the store cannot be used: /)
})

test('env before any server has run says so', async () => {
  const data = join(temporaryDirectory(), 'data')
  assertOneLine(await runHere(['env', '--json', '--data', data]), /^understudy env: no server has run on .* yet/)
  assert.equal(existsSync(data), false)
})

test('a database that is away, or whose URL cannot be read: one clear line, and no secret in it', async () => {
  const cases: [url: string, code: number, says: RegExp][] = [
    [
      'postgres://user:pass-word@127.0.0.1:1/understudy?password=pass-word',
      1,
      /^understudy serve: the database does not answer \(ECONNREFUSED\); see that it runs/m,
    ],
    [
      'postgres://user:pass-word@[::1/understudy',
      2,
      /^understudy serve: the postgres:\/\/ URL cannot be read; percent-encode/,
    ],
  ]
  const env = { UNDERSTUDY_HOME: temporaryDirectory(), UNDERSTUDY_MASTER_KEY: randomBytes(32).toString('base64') }
  const refuse = async ([DATABASE_URL, code, says]: (typeof cases)[number]) => {
    const found = await run(['serve', '--port', '0'], { ...env, DATABASE_URL })
    assertRefused(found, code, says)
    assert.equal(found.stderr.includes('pass-word'), false, found.stderr)
    const lines = found.stderr.trimEnd().split('\n')
    assert.equal(lines.filter(line => !line.startsWith('{')).length, 1, found.stderr)
  }
  await Promise.all(cases.map(refuse))
})

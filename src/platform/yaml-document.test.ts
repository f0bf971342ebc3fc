import assert from 'node:assert/strict'
import test from 'node:test'
import { Type } from 'typebox'
import { parseDocument } from './yaml-document.ts'

const strict = { additionalProperties: false }
const Item = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    mode: Type.Optional(Type.Enum(['on', 'off'])),
    limit: Type.Optional(Type.Object({ perSecond: Type.Integer({ minimum: 1 }) }, strict)),
  },
  strict,
)
const Schema = Type.Object({ port: Type.Optional(Type.Integer()), items: Type.Optional(Type.Array(Item)) }, strict)

const right: { name: string; text: string; value: unknown }[] = [
  { name: 'an empty file', text: '', value: null },
  { name: 'a file of comments', text: '# nothing\n', value: null },
  { name: 'block style', text: 'port: 1\nitems:\n  - name: a\n', value: { port: 1, items: [{ name: 'a' }] } },
  { name: 'flow style', text: '{ items: [{ name: a, mode: off }] }', value: { items: [{ name: 'a', mode: 'off' }] } },
  {
    name: 'an alias',
    text: 'items:\n  - &one { name: a }\n  - *one\n',
    value: { items: [{ name: 'a' }, { name: 'a' }] },
  },
]
for (const { name, text, value } of right) {
  test(`${name} is read`, async () => {
    const { value: found, problems } = await parseDocument(text, Schema)
    assert.deepEqual(problems, [])
    assert.deepEqual(found, value)
  })
}

/** What is wrong, by line and by the start of what is said about it. */
const wrong: { name: string; text: string; problems: [line: number, message: string][] }[] = [
  { name: 'a list at the top', text: '- a\n', problems: [[1, 'the file: must be object']] },
  { name: 'plain text', text: 'hello', problems: [[1, 'the file: must be object']] },
  { name: 'an unknown setting', text: 'port: 1\nports: 2\n', problems: [[2, 'ports: no such setting']] },
  {
    name: 'several unknown settings',
    text: 'ports: 1\nport: 2\nitem: 3\n',
    problems: [
      [1, 'ports: no such setting'],
      [3, 'item: no such setting'],
    ],
  },
  { name: 'a wrong type', text: '# comment\nport: many\n', problems: [[2, 'port: must be integer']] },
  {
    name: 'a value deep inside',
    text: 'items:\n  - name: a\n  - name: b\n    limit:\n      perSecond: 0\n',
    problems: [[5, 'items.1.limit.perSecond: must be >= 1']],
  },
  {
    name: 'a value in flow style over several lines',
    text: 'items: [\n  { name: a },\n  { name: b,\n    bogus: 1 } ]\n',
    problems: [[4, 'items.1.bogus: no such setting']],
  },
  {
    name: 'an unknown setting whose name may be a key: it is not repeated',
    text: 'items:\n  - name: a\n    mode: on\n    sk_live_0123456789: x\n',
    problems: [[4, 'items.0: no such setting']],
  },
  { name: 'what is missing', text: 'items:\n  - mode: on\n', problems: [[2, 'items.0: name is missing']] },
  {
    name: 'a value that is none of the choices',
    text: 'items:\n  - name: a\n    mode: maybe\n',
    problems: [[3, 'items.0.mode']],
  },
  {
    name: 'several problems',
    text: 'port: x\nitems:\n  - name: ""\n  - mode: on\n',
    problems: [
      [1, 'port: must be integer'],
      [3, 'items.0.name'],
      [4, 'items.1: name is missing'],
    ],
  },
  { name: 'a key twice', text: 'port: 1\nport: 2\n', problems: [[2, 'Map keys must be unique']] },
  { name: 'a tab as indentation', text: 'items:\n\t- name: a\n', problems: [[2, 'Tabs are not allowed']] },
  { name: 'a second document', text: 'port: 1\n---\nport: 2\n', problems: [[2, 'Source contains multiple documents']] },
  { name: 'an alias without its anchor', text: 'port: 1\nitems: *nothing\n', problems: [[2, 'Unresolved alias']] },
  {
    name: 'aliases that multiply',
    text: `items:
  - &a [x, x, x, x, x, x, x, x, x, x]
  - &b [*a, *a, *a, *a, *a, *a, *a, *a, *a, *a]
  - &c [*b, *b, *b, *b, *b, *b, *b, *b, *b, *b]
  - &d [*c, *c, *c, *c, *c, *c, *c, *c, *c, *c]
`,
    problems: [[3, 'Excessive alias count']],
  },
]
for (const { name, text, problems } of wrong) {
  test(`${name}: told with its line`, async () => {
    const found = await parseDocument(text, Schema)
    assert.deepEqual(
      found.problems.map(({ line, message }, index) => [line, message.slice(0, problems[index]?.[1].length)]),
      problems,
    )
  })
}

test('the line of a path is that of its nearest parent in the file', async () => {
  const { lineOf } = await parseDocument('port: 1\nitems:\n  - name: a\n  - name: b\n    mode: on\n', Schema)
  const lines = ['port', 'items', 'items.0', 'items.1', 'items.1.mode', 'items.1.limit.perSecond', 'items.7', 'x', '']
  assert.deepEqual(lines.map(lineOf), [1, 2, 3, 4, 5, 4, 2, 1, 1])
})

test('a password that starts with * or | and is not quoted is not repeated', async () => {
  const block = await parseDocument('port: |hunter2\n', Schema)
  assert.deepEqual(block.problems[0], { line: 1, message: 'Block scalar header includes extra characters' })
  const { problems } = await parseDocument('port: 1\nitems: *hunter2\n', Schema)
  assert.deepEqual(problems, [{ line: 2, message: 'Unresolved alias (the anchor must be set before the alias)' }])
})

import assert from 'node:assert/strict'
import test from 'node:test'
import { DomainError } from '../../platform/errors.ts'
import { parseForm } from './form.ts'

const cases: [string, unknown][] = [
  ['', {}],
  ['a=1', { a: '1' }],
  ['a=1&b=2', { a: '1', b: '2' }],
  ['a=1&a=2', { a: '2' }],
  ['a', { a: '' }],
  ['a=b=c', { a: 'b=c' }],
  ['a=x+y%20z', { a: 'x y z' }],
  ['user[name]=A&user[phone]=1', { user: { name: 'A', phone: '1' } }],
  ['user%5Bname%5D=A', { user: { name: 'A' } }],
  ['a[b][c]=1&a[b][d]=2', { a: { b: { c: '1', d: '2' } } }],
  ['a[]=1&a[]=2', { a: ['1', '2'] }],
  ['a[0]=x', { a: { 0: 'x' } }],
  // One element until a field of it comes again: what clients send for a list of headers.
  [
    'h[][name]=a&h[][value]=1&h[][name]=b&h[][value]=2',
    {
      h: [
        { name: 'a', value: '1' },
        { name: 'b', value: '2' },
      ],
    },
  ],
  ['w[h][][name]=a&w[h][][value]=1&w[url]=u', { w: { h: [{ name: 'a', value: '1' }], url: 'u' } }],
  ['a[]=1&a[][b]=2', { a: ['1', { b: '2' }] }],
  // Names of another form are names.
  ['a[=1', { 'a[': '1' }],
  ['[a]=1', { '[a]': '1' }],
  ['a[b]c=1', { 'a[b]c': '1' }],
  ['=1', { '': '1' }],
]
for (const [form, expected] of cases) {
  test(`"${form}"`, () => assert.deepEqual(JSON.parse(JSON.stringify(parseForm(form))), expected))
}

test('names that are special to the language are fields like any other', () => {
  const fields = parseForm('__proto__[polluted]=1&constructor=2&toString[a]=3')
  assert.deepEqual(Object.keys(fields), ['__proto__', 'constructor', 'toString'])
  assert.equal(Reflect.get({}, 'polluted'), undefined)
})

for (const [what, form] of [
  ['a text and then an object', 'a=1&a[b]=2'],
  ['a text and then a list', 'a=1&a[]=2'],
  ['a list and then an object', 'a[]=1&a[b]=2'],
  ['an object and then a list', 'a[b]=1&a[]=2'],
  ['names that nest too deep', `a${'[b]'.repeat(8)}=1`],
  ['too many fields', 'a=1&'.repeat(1001)],
] as const) {
  test(`${what}: refused`, () => {
    assert.throws(
      () => parseForm(form),
      (error: unknown) => error instanceof DomainError && error.code === 'malformed',
    )
  })
}

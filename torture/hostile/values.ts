// What is hostile in itself: texts, numbers, escapes. Nothing here names a host beyond this machine.

import type { Random } from '../random.ts'
import { rawText, type Tree } from './json-tree.ts'

/** Stands in every piece of markup below: a page that shows it unescaped reflects it. */
export const MARKUP = '<h0stile'
/** The name of a header that only a broken line could bring into an answer. */
export const INJECTED_HEADER = 'x-h0stile'

const TEXTS: readonly string[] = [
  '',
  ' ',
  '\t\r\n',
  '\0',
  'a\0b',
  '\u0001\u0007\u001b[31m\u007f',
  '\u0085\u2028\u2029',
  '\ud800',
  'x\udfffy',
  '\ud83d\ude00'.repeat(10),
  '\ufeffbom',
  '\uffff\ufffe',
  'e\u0301'.repeat(40),
  '\u202egnp.exe',
  'İSTANBUL@ı.test',
  'ﬀ@ﬀ.test',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'undefined',
  'null',
  'NaN',
  'true',
  '0',
  '-0',
  '-1',
  '1e308',
  '1e999',
  '9007199254740993',
  '9223372036854775808',
  '0x7fffffff',
  '0.1000000000000000055511151231257827021181583404541015625',
  '\u0661\u0662\u0663',
  "'; drop table events; --",
  "' or '1'='1",
  '1; select pg_sleep(20)',
  '%',
  '_%\\_',
  '$1',
  '\u0024{jndi:ldap://127.0.0.1:9/a}',
  '{{7*7}}',
  '$(touch /dev/null)',
  '../../../../etc/passwd',
  '..\\..\\windows',
  'file:///etc/passwd',
  `${MARKUP} onload=alert(1)>`,
  `"'>${MARKUP}>`,
  `]]>${MARKUP}/>`,
  `a\r\n${INJECTED_HEADER}: 1`,
  `a\r\n\r\nHTTP/1.1 200 OK\r\n${INJECTED_HEADER}: 1`,
  '{"level":"error","msg":"h0stile"}',
  'a@b',
  '@',
  'a@b.c@d.e',
  'a b@c.test',
  '"a\\"b"@c.test',
  `${'a'.repeat(245)}@b.test`,
  'a@\u0000.test',
  'http://127.0.0.1:9/h0stile',
  'http://[::1]:9/',
  'http://2130706433:9/',
  'http://user:p@127.0.0.1:9/#',
  'javascript:alert(1)',
  'data:text/html,x',
  'http://',
  '//127.0.0.1:9',
  '2026-02-30T25:61:61.000Z',
  '9999-12-31T23:59:59.999Z',
  '0000-00-00T00:00:00.000Z',
]

const NUMBERS = [
  '0',
  '-0',
  '-1',
  '1',
  '0.1',
  '1e308',
  '1e309',
  '-1e309',
  '5e-324',
  '2147483648',
  '4294967296',
  '9007199254740993',
  '9223372036854775808',
  `0.${'3'.repeat(200)}`,
  '9'.repeat(400),
]
const NOT_NUMBERS = ['NaN', 'Infinity', '0x10', '01', '.5', '1.', '+1', '1_000', "'a'", 'undefined', 'nul', '']
/** As JSON spells it, whatever it would be in a value. */
const SPELLED = [
  '"\\ud800"',
  '"\\udc00\\ud800"',
  '"\\u0000"',
  '"\\u005f\\u005fproto\\u005f\\u005f"',
  '"\\/"',
  '"\\x41"',
]
const KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '',
  ' ',
  '\0',
  '0',
  'length',
  '$ne',
]
const LONG = [255, 256, 300, 1000, 1001, 2001, 70_000]
const DEEP = [10, 99, 101, 150, 1000, 20_000]

export function hostileText(random: Random): string {
  if (random.chance(0.06)) return random.pick(['a', '\u00e9', '\ud83d\ude00', "'", '<', '%']).repeat(random.pick(LONG))
  if (random.chance(0.08)) return random.bytes(random.between(1, 40)).toString('latin1')
  return random.pick(TEXTS)
}

/** The same for a header, each character one byte. A line that breaks would be two requests: part `wire` sends those. */
export function hostileHeaderValue(random: Random): string {
  return Buffer.from(hostileText(random))
    .toString('latin1')
    .replaceAll(/[\r\n]/g, ' ')
}

export function hostileKey(random: Random): string {
  return random.chance(0.7) ? random.pick(KEYS) : hostileText(random)
}

/** Anything that may stand where a JSON value stands; now and then something that may not. */
export function hostileValue(random: Random): Tree {
  switch (random.below(12)) {
    case 0:
      return rawText(random.pick(NUMBERS))
    case 1:
      return rawText(random.pick(['true', 'false', 'null']))
    case 2:
      return rawText(random.pick(SPELLED))
    case 3:
      return { kind: 'array', items: [] }
    case 4:
      return { kind: 'array', items: Array.from({ length: random.pick([1, 2, 300]) }, () => hostileLeaf(random)) }
    case 5:
      return { kind: 'object', entries: [] }
    case 6:
      return { kind: 'object', entries: [[hostileKey(random), hostileLeaf(random)]] }
    case 7:
      return random.chance(0.3) ? deep(random.pick(DEEP), random.chance(0.5)) : hostileLeaf(random)
    case 8:
      return random.chance(0.2) ? rawText(random.pick(NOT_NUMBERS)) : hostileLeaf(random)
    default:
      return hostileLeaf(random)
  }
}

function hostileLeaf(random: Random): Tree {
  return rawText(random.chance(0.25) ? random.pick(NUMBERS) : JSON.stringify(hostileText(random)))
}

function deep(depth: number, arrays: boolean): Tree {
  const [open, close] = arrays ? ['[', ']'] : ['{"a":', '}']
  return rawText(`${open.repeat(depth)}${arrays ? '' : '1'}${close.repeat(depth)}`)
}

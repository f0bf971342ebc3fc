// What can be done to a body: to a value in it, to its text, to its bytes.

import type { Random } from '../random.ts'
import type { Draft } from './draft.ts'
import { jsonOf, placesIn, rawText, type Tree } from './json-tree.ts'
import { hostileKey, hostileText, hostileValue } from './values.ts'

type Change = (draft: Draft, random: Random) => string

const MIB = 1024 * 1024
/** Just below what is taken, the most that is, and above. */
const SIZES = [MIB - 1, MIB, MIB + 1, 2 * MIB]
const WHOLE = [
  '',
  ' ',
  'null',
  '[]',
  '{}',
  '"text"',
  '1',
  'true',
  '[{}]',
  '{',
  ']',
  'undefined',
  '\0',
  '<a/>',
  'a=1&a=2',
]

const treeIn = ({ body }: Draft): Tree => (body && body.as !== 'bytes' ? body.tree : { kind: 'object', entries: [] })

const setTree = (draft: Draft, tree: Tree): void => {
  draft.body = { as: draft.body?.as === 'form' ? 'form' : 'json', tree }
}

const setBytes = (draft: Draft, bytes: Buffer): void => {
  draft.body = { as: 'bytes', bytes }
}

const textIn = (draft: Draft): Buffer => {
  const { body } = draft
  return body?.as === 'bytes' ? body.bytes : Buffer.from(jsonOf(treeIn(draft)))
}

const putValue: Change = (draft, random) => {
  const places = placesIn(treeIn(draft))
  const place = random.pick(places.length > 1 ? places.slice(1) : places)
  const value = hostileValue(random)
  setTree(draft, place.replace(value))
  return 'a hostile value'
}

const changeEntries = (draft: Draft, random: Random, change: (entries: [string, Tree][]) => void): void => {
  const objects = placesIn(treeIn(draft)).filter(({ tree }) => tree.kind === 'object')
  const place = objects.length > 0 ? random.pick(objects) : undefined
  const entries = place?.tree.kind === 'object' ? [...place.tree.entries] : []
  change(entries)
  const tree: Tree = { kind: 'object', entries }
  setTree(draft, place ? place.replace(tree) : tree)
}

export const bodyChanges: readonly Change[] = [
  putValue,
  putValue,
  putValue,
  (draft, random) => {
    const key = hostileKey(random)
    changeEntries(draft, random, entries => entries.push([key, hostileValue(random)]))
    return 'a hostile key'
  },
  (draft, random) => {
    changeEntries(draft, random, entries => {
      const [key] = entries.length > 0 ? random.pick(entries) : ['__proto__']
      entries.push([key, hostileValue(random)])
    })
    return 'a key again'
  },
  (draft, random) => {
    changeEntries(draft, random, entries => void entries.splice(random.below(entries.length + 1), 1))
    return 'a key left out'
  },
  (draft, random) => {
    const place = random.pick(placesIn(treeIn(draft)))
    setTree(draft, place.replace(wrapped(place.tree, random)))
    return 'a value wrapped'
  },
  (draft, random) => {
    const text = textIn(draft)
    setBytes(draft, text.subarray(0, random.below(text.length + 1)))
    return 'a body cut off'
  },
  (draft, random) => {
    const text = textIn(draft)
    const [before, after] = random.pick([
      ['\ufeff', ''],
      ['', '\0'],
      ['', '}'],
      ['', ',{}'],
      ['// a comment\n', ''],
      [")]}',\n", ''],
      [' '.repeat(1000), '\n'],
    ])
    setBytes(draft, Buffer.concat([Buffer.from(before ?? ''), text, Buffer.from(after ?? '')]))
    return 'something around the body'
  },
  (draft, random) => {
    const text = textIn(draft)
    const bytes = Buffer.from(random.pick(['ff', 'c0af', 'eda080', 'f4908080', '80', 'e282', '00']), 'hex')
    const place = random.below(text.length + 1)
    setBytes(draft, Buffer.concat([text.subarray(0, place), bytes, text.subarray(place)]))
    return 'bytes that are no text'
  },
  (draft, random) => {
    setBytes(draft, Buffer.from(textIn(draft).toString(), random.pick(['utf16le', 'latin1'])))
    return 'another encoding'
  },
  (draft, random) => {
    setBytes(draft, Buffer.from(random.chance(0.7) ? random.pick(WHOLE) : hostileText(random)))
    return 'another body'
  },
  draft => {
    draft.body = undefined
    return 'no body'
  },
  (draft, random) => {
    if (draft.body?.as !== 'bytes')
      draft.body = { as: draft.body?.as === 'form' ? 'json' : 'form', tree: treeIn(draft) }
    return random.chance(0.5) ? putValue(draft, random) : 'a form for JSON, or the reverse'
  },
]

/** Sizes near the limit, and depths that break what recurses. Rare: each costs as much as hundreds of others. */
export const heavyBodyChanges: readonly Change[] = [
  (draft, random) => {
    const text = textIn(draft)
    const size = random.pick(SIZES)
    setBytes(draft, Buffer.concat([text, Buffer.alloc(Math.max(0, size - text.length), ' ')]))
    return `${size} bytes`
  },
  (draft, random) => {
    const long = rawText(JSON.stringify('a'.repeat(random.pick([MIB / 2, MIB - 100, MIB]))))
    changeEntries(draft, random, entries => {
      if (entries.length > 0) entries.splice(random.below(entries.length), 1, [entries[0]?.[0] ?? 'a', long])
      else entries.push(['a', long])
    })
    return 'a long value'
  },
  (draft, random) => {
    const depth = random.pick([50_000, 250_000])
    setBytes(
      draft,
      Buffer.from(
        random
          .pick([
            ['[', ']'],
            ['{"a":', '}'],
          ])
          .map(part => part.repeat(depth))
          .join(''),
      ),
    )
    return `${depth} deep`
  },
  (draft, random) => {
    const many = Array.from({ length: 20_000 }, (_, index): [string, Tree] => [`k${index}`, rawText('1')])
    changeEntries(draft, random, entries => void entries.push(...many))
    return '20000 keys'
  },
]

function wrapped(tree: Tree, random: Random): Tree {
  if (random.chance(0.5)) return { kind: 'array', items: random.chance(0.5) ? [tree] : [tree, tree] }
  return { kind: 'object', entries: [[random.pick(['user', 'data', 'value', hostileKey(random)]), tree]] }
}

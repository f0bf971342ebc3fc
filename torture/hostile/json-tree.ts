// JSON as a tree that holds what a value cannot: a key twice, a number as it is spelled, half a surrogate pair, text that
// is no JSON at all.

export type Tree =
  | { kind: 'object'; entries: [key: string, value: Tree][] }
  | { kind: 'array'; items: Tree[] }
  | { kind: 'text'; text: string }

/** Text that stands where a value would, as it is. */
export function rawText(text: string): Tree {
  return { kind: 'text', text }
}

export function treeOf(value: unknown): Tree {
  if (Array.isArray(value)) return { kind: 'array', items: value.map(treeOf) }
  if (typeof value === 'object' && value !== null) {
    return { kind: 'object', entries: Object.entries(value).map(([key, inner]) => [key, treeOf(inner)]) }
  }
  return rawText(JSON.stringify(value) ?? 'null')
}

export function jsonOf(tree: Tree): string {
  if (tree.kind === 'text') return tree.text
  if (tree.kind === 'array') return `[${tree.items.map(jsonOf).join(',')}]`
  return `{${tree.entries.map(([key, value]) => `${JSON.stringify(key)}:${jsonOf(value)}`).join(',')}}`
}

/** Every place where a value stands, the root too, each with what puts another one there. */
export function placesIn(root: Tree): { tree: Tree; replace(value: Tree): Tree }[] {
  const places: ReturnType<typeof placesIn> = [{ tree: root, replace: value => value }]
  if (root.kind === 'array') {
    root.items.forEach((item, index) => {
      for (const { tree, replace } of placesIn(item)) {
        places.push({ tree, replace: value => ({ kind: 'array', items: root.items.with(index, replace(value)) }) })
      }
    })
  }
  if (root.kind === 'object') {
    root.entries.forEach(([key, inner], index) => {
      for (const { tree, replace } of placesIn(inner)) {
        const put = (value: Tree): Tree => ({
          kind: 'object',
          entries: root.entries.with(index, [key, replace(value)]),
        })
        places.push({ tree, replace: put })
      }
    })
  }
  return places
}

/** As a form says it: `a=1`, `a[b]=1`, `a[][b]=1`. */
export function formOf(tree: Tree, name = ''): [name: string, value: string][] {
  if (tree.kind === 'text') return [[name, tree.text.startsWith('"') ? tree.text.slice(1, -1) : tree.text]]
  if (tree.kind === 'array') return tree.items.flatMap(item => formOf(item, `${name}[]`))
  return tree.entries.flatMap(([key, value]) => formOf(value, name === '' ? key : `${name}[${key}]`))
}

// Every secret that a run made, was given or was sent, right or wrong, and what it looks like where it must not be.

/** One letter away from another secret, so that its middle is that one's too. */
export const MISTYPED = 'mistyped'

/** Of a longer one so much from its middle counts too: who cuts a secret short has still shown it. */
const PIECE = 16
/** A shorter one is looked for whole: pieces of it would be found by chance. */
const PIECED_FROM = 20
/** Below it a text is found by chance in bytes that mean something else. */
const LENGTH_MIN = 8
const CODE = /^\d{6}$/

export interface Secret {
  kind: string
  text: string
}

export interface Needle {
  secret: Secret
  /** How it is written: `plain`, `hex`, … */
  form: string
  bytes: Buffer
  /** Found only where no digit or letter stands beside it: a code of six digits is a part of many numbers. */
  alone: boolean
}

export class Ledger {
  readonly #secrets = new Map<string, Secret>()

  /** Notes a secret and gives it back. The first kind that it was noted under stays. */
  add(kind: string, text: string): string {
    if (text.length < LENGTH_MIN && !CODE.test(text)) throw new Error(`too short to be looked for: ${kind}`)
    if (!this.#secrets.has(text)) this.#secrets.set(text, { kind, text })
    return text
  }

  get secrets(): Secret[] {
    return [...this.#secrets.values()]
  }

  /** How many secrets there are of each kind. */
  kinds(): Map<string, number> {
    const counts = new Map<string, number>()
    for (const { kind } of this.secrets) counts.set(kind, (counts.get(kind) ?? 0) + 1)
    return counts
  }
}

/** Everything to look for. */
export function needlesOf(secrets: readonly Secret[]): Needle[] {
  return secrets.flatMap((secret): Needle[] => {
    if (CODE.test(secret.text)) return [{ secret, form: 'plain', bytes: Buffer.from(secret.text), alone: true }]
    const written = new Map<string, string>()
    for (const [form, text] of formsOf(secret)) if (!written.has(text)) written.set(text, form)
    return [...written].map(([text, form]) => ({ secret, form, bytes: Buffer.from(text), alone: false }))
  })
}

function formsOf({ kind, text }: Secret): [form: string, text: string][] {
  const bytes = Buffer.from(text)
  const middle = Math.floor((text.length - PIECE) / 2)
  const piece: [string, string][] =
    text.length < PIECED_FROM || kind === MISTYPED ? [] : [['its middle', text.slice(middle, middle + PIECE)]]
  return [
    ['plain', text],
    ...piece,
    ['JSON', JSON.stringify(text).slice(1, -1)],
    ['percent-encoded', encodeURIComponent(text)],
    ['form-encoded', new URLSearchParams({ '': text }).toString().slice(1)],
    ['HTML', text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)],
    ['hex', bytes.toString('hex')],
    ['HEX', bytes.toString('hex').toUpperCase()],
    ...base64Of(bytes),
  ]
}

/** Base64 as it stands in a longer text's: at each of three places, without what depends on the neighbours. */
function base64Of(bytes: Buffer): [form: string, text: string][] {
  return [0, 1, 2].flatMap(before => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    const inner = encoded.slice(before === 0 ? 0 : before + 1, (before + bytes.length) % 3 === 0 ? undefined : -1)
    const url = inner.replaceAll('+', '-').replaceAll('/', '_')
    return [
      ['base64', inner],
      ['base64url', url],
    ] as [string, string][]
  })
}

// What is in the store, as far as good requests need it: ids to name, a member who is signed in, a browser that was shown a
// form. It is looked at anew, and mended where a good request changed too much, before each round.

import type { Random } from '../random.ts'
import type { Held } from './credentials.ts'
import { basic } from './credentials.ts'
import type { Operation } from './operations.ts'
import { KEYS, NAMES } from './seed.ts'
import type { Shot } from './shot.ts'
import type { Answer } from './wire.ts'

type Send = (shot: Shot) => Promise<Answer>

const CONTROL = '/understudy/v1'
const KEPT_MAX = 500

export class World {
  readonly held: Held = { memberToken: 'none', cookie: '' }
  readonly emails: string[] = [NAMES.ownerEmail, 'one@open.test', 'two@open.test', 'unverified@open.test']
  plans: string[] = ['pln_open', 'pln_paid']
  /** Tokens of links that were mailed, by what they are for. */
  readonly links: Record<'link' | 'invitation', string[]> = { link: ['none'], invitation: ['none'] }
  /** What the sign-in form holds. */
  form = { csrf: '', request: '' }
  readonly #send: Send
  readonly #lists = new Map<string, string[]>()
  /** Keys and an app by which the storm goes on. */
  readonly #spared = new Set<string>([NAMES.clientId])
  #made = 0

  constructor(send: Send) {
    this.#send = send
  }

  /** The path of an operation with ids of what is there. */
  async pathOf({ template }: Operation, random: Random): Promise<string> {
    let path = template
    for (;;) {
      const place = /^(.*?)\{(\w+)\}/.exec(path)
      if (!place) return path
      const [whole, before = '', name = ''] = place
      const value = await this.#valueOf(name, before, template, random)
      path = before + encodeURIComponent(value) + path.slice(whole.length)
    }
  }

  async #valueOf(name: string, before: string, template: string, random: Random): Promise<string> {
    if (name === 'organization') return NAMES.organization
    if (name === 'parent') return NAMES.parent
    if (name === 'app') return template.includes('/stripe') ? NAMES.stripeApp : NAMES.app
    if (name === 'environment') return random.pick(['sandbox', 'live'])
    if (name === 'email') return random.pick(this.emails)
    if (name === 'plan') return random.pick(this.plans)
    if (name === 'link' || name === 'invitation') return random.pick(this.links[name])
    const ids = await this.#idsAt(before.replace(/\/$/, ''), name === 'code' ? 'code' : 'id')
    const free = ids.filter(id => !this.#spared.has(id))
    return free.length === 0 ? 'nothing' : random.pick(free)
  }

  /** Ids in the list at a path, as it was when it was first asked for in this round. */
  async #idsAt(path: string, field: 'id' | 'code'): Promise<string[]> {
    const known = this.#lists.get(path)
    if (known) return known
    const target = LISTS_ELSEWHERE[path] ?? path
    const { status, body } = await this.#send(this.#good('GET', target))
    const ids = status === 200 ? valuesIn(JSON.parse(body.toString()), field).slice(-KEPT_MAX) : []
    this.#lists.set(path, ids)
    return ids
  }

  /** Before everything else: the keys there are now are spared. */
  async begin(): Promise<void> {
    for (let next = `${CONTROL}/keys?limit=200`; next !== ''; ) {
      const page = await this.#json<{ data: { id: string }[]; next: string | null }>('GET', next)
      for (const { id } of page.data) this.#spared.add(id)
      next = page.next === null ? '' : `${CONTROL}/keys?limit=200&after=${page.next}`
    }
  }

  /** Puts back what the storm needs: limits, somebody to name, a token, a form. Throws when a good request is refused. */
  async tend(): Promise<void> {
    this.#lists.clear()
    const number = ++this.#made
    const email = `made${number}@open.test`
    this.emails.splice(4, this.emails.length, email)
    const { endless } = NAMES
    const [app, organization] = [`${CONTROL}/memberstack/apps/${NAMES.app}`, NAMES.organization]
    await this.#json('PATCH', `${CONTROL}/aftership/organizations/${organization}`, {
      requestsPerSecond: endless,
      seats: null,
      invitations: number % 2 === 0 ? 'verify' : 'automatic',
    })
    await this.#json('PATCH', `${CONTROL}/easypost/parents/${NAMES.parent}`, {
      rateLimit: { listPerSecond: endless, perSecond: endless },
      userEvents: true,
    })
    await this.#json('PATCH', app, {
      settings: {
        rateLimit: { perSecond: endless, by: 'ip+key' },
        allowedOrigins: null,
        sandboxMemberLimit: null,
        customFields: null,
        passwordless: true,
        allowMemberSelfDelete: true,
        verifyTokenStrict: true,
        tokenLifetimeSeconds: 100_000,
        pageSizeMax: 100,
      },
    })
    const plan = await this.#json<{ id: string }>('POST', `${app}/plans`, { name: `Made ${number}`, type: 'FREE' })
    this.plans = ['pln_paid', plan.id]
    await this.#json('POST', `${CONTROL}/aftership/accounts`, { email })
    await this.#json('POST', '/admin/2022-01/memberships', { account: { email }, role: { code: 'member' } })
    await this.#json('POST', '/v2/users', { user: { name: `Made ${number}`, email } })
    await this.#json('POST', '/v2/webhooks', { webhook: { url: NAMES.receiver } })
    const person = { email, password: NAMES.password }
    await this.#json('POST', '/members', { ...person, email: `other${number}@open.test` })
    const signedUp = await this.#json<{ data: { tokens: { accessToken: string } } }>('POST', '/auth/signup', person)
    this.held.memberToken = signedUp.data.tokens.accessToken
    await this.#showForm()
    await this.#readMails(email)
  }

  async #showForm(): Promise<void> {
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: NAMES.clientId,
      redirect_uri: NAMES.callback,
      scope: 'aftership:members:read',
      state: 'a state',
      code_challenge: 'c'.repeat(43),
      code_challenge_method: 'S256',
    }).toString()
    const { status, headers, body } = await this.#send(this.#good('GET', `/oauth/aftership/authorize?${query}`))
    if (status !== 200) throw new Error(`the sign-in form was answered with ${status}`)
    this.held.cookie = headers['set-cookie']?.split(';', 1)[0] ?? ''
    this.form = { csrf: /name="csrf" value="([^"]+)"/.exec(body.toString())?.[1] ?? '', request: query }
  }

  async #readMails(email: string): Promise<void> {
    const { data } = await this.#json<{ data: { id: string }[] }>('GET', `${CONTROL}/mails?limit=20`)
    for (const { id } of data) {
      const { text } = await this.#json<{ text: string }>('GET', `${CONTROL}/mails/${id}`)
      const [, kind, token] = /\/(invitations|oauth)\/aftership\/(?:sign-in\/)?([\w-]+)/.exec(text) ?? []
      if (token !== undefined) this.links[kind === 'oauth' ? 'link' : 'invitation'].push(token)
    }
    for (const list of Object.values(this.links)) list.splice(1, list.length - 20)
    this.emails.push(email)
  }

  async #json<T = unknown>(method: string, target: string, body?: object): Promise<T> {
    const shot = this.#good(method, target, body)
    const { status, body: answered } = await this.#send(shot)
    if (status >= 300) throw new Error(`${method} ${target}, a good request, was answered with ${status}: ${answered}`)
    return JSON.parse(answered.toString()) as T
  }

  /** With the credentials that open most. */
  #good(method: string, target: string, body?: object): Shot {
    const headers: Shot['headers'] = [['x-forwarded-for', `10.255.${this.#made & 255}.1`]]
    if (target.startsWith('/admin')) headers.push(['as-api-key', KEYS.aftership.open[0]])
    else if (target.startsWith('/v2')) headers.push(['authorization', basic(KEYS.easypost.open[0], '')])
    else if (target.startsWith(CONTROL)) headers.push(['authorization', `Bearer ${KEYS.control.admin}`])
    else if (/^\/members(\/|\?|$)/.test(target)) headers.push(['x-api-key', KEYS.memberstack.secret[0]])
    else headers.push(['x-api-key', KEYS.memberstack.public[0]])
    if (body !== undefined) headers.push(['content-type', 'application/json'])
    return { method, target, headers, body: body && Buffer.from(JSON.stringify(body)), changes: [] }
  }
}

/** Lists that name what stands below another path. */
const LISTS_ELSEWHERE: Record<string, string> = {
  '/v2/users': '/v2/users/children?page_size=100',
  '/members': '/members?limit=100',
  [`${CONTROL}/keys`]: `${CONTROL}/keys?limit=200`,
  [`${CONTROL}/mails`]: `${CONTROL}/mails?limit=200`,
  [`${CONTROL}/memberstack/apps/${NAMES.app}/members`]: `${CONTROL}/memberstack/apps/${NAMES.app}/members?environment=sandbox`,
}

/** The texts under a name, at any depth. */
function valuesIn(value: unknown, name: string): string[] {
  if (Array.isArray(value)) return value.flatMap(item => valuesIn(item, name))
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    key === name && typeof inner === 'string' ? [inner] : valuesIn(inner, name),
  )
}

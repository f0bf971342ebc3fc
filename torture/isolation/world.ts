// The tenants as the server starts with them: each with keys of its own and a marker in all that it names, and some ids
// that every tenant has alike.

import type { ActorParts, OperatorTokens } from './ground.ts'
import type { Marks, Viewer } from './marks.ts'

/** Every tenant pins these: an id alone says nothing of whose it is. */
export const SAME = {
  membership: 'm_same',
  child: 'user_same',
  plan: 'pln_same',
  member: { sandbox: 'mem_sb_same', live: 'mem_same' },
}

/** People who are registered once, and may be invited by every organization. */
export const PEOPLE = Array.from({ length: 6 }, (_, index) => `person${index}@people.test`)

/** No limit that an honest tenant meets. */
const PLENTY = 1_000_000

export interface OrganizationSeed {
  tenant: string
  id: string
  marker: string
  key: string
  signing: { key: string; secret: string }
  app: { clientId: string; clientSecret: string }
  owners: string[]
  people: string[]
  verifies: boolean
}

export interface ParentSeed {
  tenant: string
  id: string
  marker: string
  email: string
  test: string
  production: string
}

export type Environment = 'sandbox' | 'live'
export const ENVIRONMENTS: readonly Environment[] = ['sandbox', 'live']

export interface AppSeed {
  tenant: string
  id: string
  marker: string
  markers: Record<Environment, string>
  secret: Record<Environment, string>
  public: Record<Environment, string>
  /** Whether `verify-token` asks for more than a good signature. */
  strict: boolean
}

export interface World {
  organizations: OrganizationSeed[]
  parents: ParentSeed[]
  apps: AppSeed[]
  operator: OperatorTokens
  /** As `understudy seed` takes it. */
  seed: string
}

const OWNERS = 3
const OWN_PEOPLE = 6
export const CALLBACK = 'http://127.0.0.1:9/callback'

/** `size` tenants of each vendor. */
export function makeWorld(marks: Marks, size: number): World {
  const each = <T>(make: (index: number) => T) => Array.from({ length: size }, (_, index) => make(index))
  const operator = { read: token(marks), write: token(marks), admin: token(marks) }
  const organizations = each(index => makeOrganization(marks, index))
  const parents = each(index => makeParent(marks, index))
  const apps = each(index => makeApp(marks, index))
  const document = {
    aftership: {
      accounts: [
        ...PEOPLE.map((email, index) => ({ id: `acc_person${index}`, email })),
        ...organizations.flatMap(({ owners, people }) => [...owners, ...people]).map(email => ({ email })),
      ],
      organizations: organizations.map(organizationSeed),
      apps: organizations.map(({ marker, app }) => ({
        name: `Partner ${marker}`,
        partner: true,
        redirectUris: [CALLBACK],
        ...app,
      })),
    },
    easypost: { users: parents.map(parentSeed) },
    memberstack: { apps: apps.map(appSeed) },
    webhooks: { allowPrivateAddresses: true },
    control: { tokens: Object.entries(operator).map(([scope, text]) => ({ name: scope, scope, token: text })) },
  }
  return { organizations, parents, apps, operator, seed: JSON.stringify(document) }
}

function token(marks: Marks): string {
  const text = `ust_${marks.letters(32)}`
  marks.own('operator/tokens!', text)
  return text
}

function makeOrganization(marks: Marks, index: number): OrganizationSeed {
  const tenant = `aftership${index}`
  const [data, secret] = [`${tenant}/data`, `${tenant}/secret!`]
  const marker = marks.marker(data)
  const id = `org_${marks.letters(20)}`
  const made = {
    tenant,
    id,
    marker,
    key: `as_${marks.letters(32)}`,
    signing: { key: `as_${marks.letters(32)}`, secret: marks.letters(32) },
    app: { clientId: `client_${marks.letters(20)}`, clientSecret: marks.letters(32) },
    owners: Array.from({ length: OWNERS }, (_, nth) => `owner${nth}.${marker}@isolation.test`),
    people: Array.from({ length: OWN_PEOPLE }, (_, nth) => `own${nth}.${marker}@isolation.test`),
    verifies: index % 2 === 0,
  }
  marks.own(data, id, made.app.clientId)
  marks.own(secret, made.key, made.signing.key, made.signing.secret, made.app.clientSecret)
  return made
}

function organizationSeed({ id, marker, key, signing, owners, people, verifies }: OrganizationSeed): object {
  const [first = ''] = people
  return {
    id,
    name: `Organization ${marker}`,
    invitations: verifies ? 'verify' : 'automatic',
    rateLimit: { perSecond: PLENTY },
    roles: [{ code: `role_${marker}`, name: `Role of ${marker}` }],
    keys: [
      { name: `plain ${marker}`, mode: 'api_key', key },
      { name: `signing ${marker}`, mode: 'hmac', ...signing },
    ],
    memberships: [
      ...owners.map(email => ({ email, role: 'owner' })),
      { id: SAME.membership, email: first, role: 'member' },
    ],
  }
}

function makeParent(marks: Marks, index: number): ParentSeed {
  const tenant = `easypost${index}`
  const marker = marks.marker(`${tenant}/record`)
  const id = `user_${marks.letters(20)}`
  const made = {
    tenant,
    id,
    marker,
    email: `parent.${marker}@isolation.test`,
    test: `EZTK${marks.letters(54)}`,
    production: `EZAK${marks.letters(54)}`,
  }
  marks.own(`${tenant}/id`, id)
  marks.own(`${tenant}/keys!`, made.test, made.production)
  return made
}

function parentSeed({ id, marker, email, test, production }: ParentSeed): object {
  return {
    id,
    name: `Parent ${marker}`,
    email,
    rateLimit: { listPerSecond: PLENTY, perSecond: PLENTY },
    keys: { test, production },
    children: [{ id: SAME.child, name: `Same ${marker}` }],
  }
}

function makeApp(marks: Marks, index: number): AppSeed {
  const tenant = `memberstack${index}`
  const marker = marks.marker(`${tenant}/app`)
  const id = `app_${marks.letters(24)}`
  const made = {
    tenant,
    id,
    marker,
    markers: { sandbox: marks.marker(`${tenant}/sandbox`), live: marks.marker(`${tenant}/live`) },
    secret: { sandbox: `sk_sb_${marks.letters(32)}`, live: `sk_live${marks.letters(32)}` },
    strict: index % 2 === 1,
    public: { sandbox: `pk_sb_${marks.letters(32)}`, live: `pk_live${marks.letters(32)}` },
  }
  marks.own(`${tenant}/app`, id)
  marks.own(`${tenant}/keys!`, ...Object.values(made.secret), ...Object.values(made.public))
  return made
}

function appSeed({ id, marker, markers, secret, public: pages, strict }: AppSeed): object {
  const member = (environment: Environment) => ({
    id: SAME.member[environment],
    email: `same@people.test`,
    customFields: { of: markers[environment] },
  })
  return {
    id,
    name: `App ${marker}`,
    keys: {
      sandboxSecret: secret.sandbox,
      liveSecret: secret.live,
      sandboxPublic: pages.sandbox,
      livePublic: pages.live,
    },
    settings: { rateLimit: { perSecond: PLENTY }, verifyTokenStrict: strict },
    plans: [
      { id: SAME.plan, name: `Plan ${marker}`, type: 'FREE', permissions: [`may:${marker}`] },
      ...ENVIRONMENTS.map(environment => ({
        id: `pln_${markers[environment]}`,
        name: `Plan ${markers[environment]}`,
        type: 'FREE',
        environment,
      })),
    ],
    members: { sandbox: [member('sandbox')], live: [member('live')] },
  }
}

/** The operator, who looks at one tenant: at all that it has but its secrets. */
export function operatorOf(tenant: string): Viewer {
  return {
    name: `the operator of ${tenant}`,
    sees: owner => owner.startsWith(`${tenant}/`) && !owner.endsWith('!'),
    learns: `${tenant}/operator`,
  }
}

/** Headers of a call to the control API. */
export function bearer(
  { operator }: Pick<ActorParts, 'operator'>,
  scope: keyof OperatorTokens,
): Record<string, string> {
  return { authorization: `Bearer ${operator[scope]}` }
}

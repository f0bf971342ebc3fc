// Secrets in files and settings: a seed that pins one of every kind, and settings that are wrong, each with a secret in it.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '../random.ts'
import type { Attempt } from './commands.ts'
import type { Ledger } from './ledger.ts'

/** A good seed. Everything secret in it is noted. */
export function seedWithSecrets(ledger: Ledger, random: Random, stripe: string): string {
  const made = (kind: string, prefix = '') => ledger.add(kind, `${prefix}${random.bytes(20).toString('hex')}`)
  return JSON.stringify({
    aftership: {
      accounts: [{ email: 'owner@seed.example' }],
      organizations: [
        {
          name: 'Seeded',
          keys: [
            { name: 'plain', mode: 'api_key', key: made('AfterShip API key') },
            { name: 'signed', mode: 'hmac', key: made('AfterShip API key'), secret: made('AfterShip signing secret') },
          ],
          memberships: [{ email: 'owner@seed.example', role: 'owner' }],
          webhooks: [{ url: `http://127.0.0.1:9/${made('webhook URL')}`, secret: made('AfterShip webhook secret') }],
        },
      ],
      apps: [
        {
          name: 'App',
          partner: true,
          clientId: 'seeded',
          clientSecret: made('OAuth client secret'),
          redirectUris: ['https://app.example/'],
        },
      ],
    },
    easypost: {
      users: [
        {
          name: 'Seeded',
          email: 'admin@seed.example',
          keys: { test: made('EasyPost key', 'EZTK'), production: made('EasyPost key', 'EZAK') },
          children: [{ name: 'Desk', keys: { production: made("EasyPost child's key", 'EZAK') } }],
          webhooks: [
            {
              url: `http://127.0.0.1:9/${made('EasyPost webhook URL')}`,
              mode: 'production',
              secret: made('EasyPost webhook secret'),
            },
          ],
        },
      ],
    },
    memberstack: {
      apps: [
        {
          name: 'Seeded',
          keys: {
            sandboxSecret: made('Memberstack secret key', 'sk_sb_'),
            liveSecret: made('Memberstack secret key', 'sk_'),
          },
          stripe: { sandbox: { secretKey: made('Stripe key', 'sk_test_'), apiBase: stripe } },
          members: { sandbox: [{ email: 'ada@seed.example', password: made('password') }] },
        },
      ],
    },
    control: { tokens: [{ name: 'seeded', scope: 'admin', token: made('control token', 'ust_') }] },
  })
}

/** Commands that fail, each with a secret in a setting that is wrong. */
export function brokenSettings(
  { home, ledger, random }: { home: string; ledger: Ledger; random: Random },
  data: string,
): Attempt[] {
  let files = 0
  const made = () => ledger.add('secret in a wrong setting', `w-${random.bytes(20).toString('hex')}`)
  const fileWith = (text: string) => {
    const path = join(home, `broken-${++files}.yaml`)
    writeFileSync(path, text)
    return path
  }
  const here = ['--data', data]
  const settings: NodeJS.ProcessEnv[] = [
    { UNDERSTUDY_SMTP_URL: `smpt://mailer:${made()}@mail.example` },
    { UNDERSTUDY_SMTP_URL: `smtp://mailer:${made()}@mail.example` },
    { UNDERSTUDY_PUBLIC_URL: `https://user:${made()}@users.example/path` },
    { UNDERSTUDY_MASTER_KEY: made() },
    { UNDERSTUDY_PORT: made() },
    { UNDERSTUDY_LOG_LEVEL: made() },
    { UNDERSTUDY_ALLOW_PRIVATE_ADDRESSES: made() },
  ]
  const configs = [
    `smtp: { url: "smpt://mailer:${made()}@mail.example", from: x }`,
    `smtp: { url: smtp://mailer:${made()}@mail.example, from`,
    `smpt: ${made()}`,
    `${made()}: x`,
    `host: *${made()}`,
    `port: ${made()}`,
    ...['!', '%', '@', '|', '&', '`'].map(sign => `host: ${sign}${made()}`),
  ]
  const seeds = [
    `control: { tokens: [{ name: x, scope: admin, token: ${made()}`,
    `control: { tokens: [{ name: x, scope: ${made()}, token: 5 }] }`,
    `control: { tokens: [{ name: x, scope: admin, ${made()}: 5 }] }`,
    `memberstack: { apps: [{ name: A, keys: { sandboxSecret: ${made()} } }] }`,
    `memberstack: { apps: [{ name: A, stripe: { sandbox: { secretKey: sk_live_${made()} } } }] }`,
    `memberstack: { apps: [{ name: A, webhooks: [{ url: "https://a.example", environment: live, secret: ${made()} }] }] }`,
    `aftership: { organizations: [{ name: A, keys: [{ name: x, mode: rsa, publicKey: ${made()} }] }] }`,
    `aftership: { organizations: [{ name: A, webhooks: [{ url: "ftp://u:${made()}@a.example", secret: ${made()} }] }] }`,
    ...[made()].map(key => `aftership: { organizations: [{ name: A, keys: [${keyLine(key)}, ${keyLine(key)}] }] }`),
  ]
  const stores = [`mysql://app:${made()}@db.example/understudy`, `postgres://app:${made()}@[db.example/understudy`]
  return [
    ...[
      ...settings.map(env => ({ argv: ['keys', 'audit', ...here], env: { ...env, UNDERSTUDY_CONFIG: fileWith('') } })),
      ...configs.map(text => ({ argv: ['serve', ...here], env: { UNDERSTUDY_CONFIG: fileWith(text) } })),
      ...seeds.map(text => ({ argv: ['seed', fileWith(text), ...here] })),
      ...stores.map(url => ({ argv: ['serve'], env: { UNDERSTUDY_DATA: url } })),
    ].map(attempt => ({ ...attempt, code: 2 })),
    ...[`postgres://app:${made()}@127.0.0.1:9/understudy`, `postgres://127.0.0.1:9/understudy?password=${made()}`].map(
      url => ({ argv: ['doctor'], env: { UNDERSTUDY_DATA: url }, code: 1 }),
    ),
  ]
}

const keyLine = (key: string) => `{ name: x, mode: api_key, key: ${key} }`

// The only reader of the environment and the config file. Flags win over the environment, the environment over the
// file, the file over the defaults.

import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { createSecureContext } from 'node:tls'
import { type Static, type TObject, Type } from 'typebox'
import { masterKeysKeptIn, parseMasterKey } from './platform/credentials/master-key.ts'
import { isPostgresUrl } from './platform/db/engine.ts'
import type { PostgresSettings } from './platform/db/postgres.ts'
import type { SmtpSettings } from './platform/mail/smtp.ts'
import type { PasswordSettings } from './platform/passwords.ts'
import { COST_MAX, COST_MIN, KIB_PER_LANE } from './platform/phc.ts'
import { parseDocument } from './platform/yaml-document.ts'

export interface Config {
  host: string
  port: number
  /** A directory, `:memory:`, or a `postgres://` URL. */
  data: string
  /** Where the master key and the sample credentials are kept: the data directory where there is one. */
  home: string
  postgres: PostgresSettings
  /** Where people reach the server, when that is not where it listens. */
  publicUrl: string | undefined
  logLevel: string
  retentionDays: number
  /** Whether `X-Forwarded-*` of the proxy before the server is believed, and of no proxy before that one. */
  trustProxy: boolean
  /** A path prefix that a proxy strips; AfterShip signatures cover it. */
  strippedPrefix: string
  smtp: SmtpSettings | undefined
  /** Undefined: what the store says, which a seed may set. */
  webhooks: { allowPrivateAddresses: boolean | undefined }
  passwords: PasswordSettings
  offboarding: { removePlans: boolean }
  /** Certificate and key as PEM: then the port speaks HTTPS, and nothing else. */
  tls: { cert: Buffer; key: Buffer } | undefined
  /** From the environment; otherwise a file in the data directory. */
  masterKey: Uint8Array | undefined
  /** Beside it, while it is replaced: `keys rotate-master`. The store may be sealed under the one or the other. */
  newMasterKey: Uint8Array | undefined
}

export interface Flags {
  host?: string | undefined
  port?: string | undefined
  data?: string | undefined
  'tls-cert'?: string | undefined
  'tls-key'?: string | undefined
}

/** A setting that is wrong; the message names it, and its line where it stands in a file. Exit code 2. */
export class ConfigError extends Error {}

/** Every variable of ours that is read here. */
export const VARIABLES = [
  'UNDERSTUDY_CONFIG',
  'UNDERSTUDY_HOST',
  'UNDERSTUDY_PORT',
  'UNDERSTUDY_DATA',
  'UNDERSTUDY_HOME',
  'UNDERSTUDY_PUBLIC_URL',
  'UNDERSTUDY_LOG_LEVEL',
  'UNDERSTUDY_SMTP_URL',
  'UNDERSTUDY_SMTP_FROM',
  'UNDERSTUDY_ALLOW_PRIVATE_ADDRESSES',
  'UNDERSTUDY_TLS_CERT',
  'UNDERSTUDY_TLS_KEY',
  'UNDERSTUDY_MASTER_KEY',
  'UNDERSTUDY_NEW_MASTER_KEY',
]

const DIRECTORY = './understudy-data'
const POSTGRES: PostgresSettings = { poolMax: 10, statementTimeoutMs: 10_000 }
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']

/** OWASP's least for argon2id; what is above takes longer to guess, and to check. */
const PASSWORD_COST = { memoryKiB: 19_456, passes: 2, parallelism: 1 }
const CONCURRENCY_MAX = 128
/** What libuv starts where UV_THREADPOOL_SIZE is not set, and the most it starts. */
const THREADS = 4
const THREADS_MAX = 1024
/** Threads that hashing leaves to files, name look-ups and signatures. */
const THREADS_FREE = 2

/** The config file: `UNDERSTUDY_CONFIG=FILE`, YAML. */
const ConfigFile: TObject = Type.Object(
  {
    host: Type.Optional(Type.String({ minLength: 1 })),
    port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65535 })),
    data: Type.Optional(Type.String({ minLength: 1 })),
    home: Type.Optional(Type.String({ minLength: 1 })),
    postgres: Type.Optional(
      Type.Object(
        {
          poolMax: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
          statementTimeoutMs: Type.Optional(Type.Integer({ minimum: 100, maximum: 600_000 })),
        },
        { additionalProperties: false },
      ),
    ),
    publicUrl: Type.Optional(Type.String({ pattern: '^https?://[^/?#]+$' })),
    logLevel: Type.Optional(Type.Enum(LOG_LEVELS)),
    retentionDays: Type.Optional(Type.Number({ minimum: 0, maximum: 3650 })),
    trustProxy: Type.Optional(Type.Boolean()),
    strippedPrefix: Type.Optional(Type.String({ pattern: '^(/[^/?#]+)*$' })),
    tls: Type.Optional(
      Type.Object({ cert: Type.String(), key: Type.String() }, { additionalProperties: false, description: 'Files.' }),
    ),
    webhooks: Type.Optional(
      Type.Object({ allowPrivateAddresses: Type.Optional(Type.Boolean()) }, { additionalProperties: false }),
    ),
    passwords: Type.Optional(
      Type.Object(
        {
          memoryKiB: Type.Optional(Type.Integer({ minimum: COST_MIN.memoryKiB, maximum: COST_MAX.memoryKiB })),
          passes: Type.Optional(Type.Integer({ minimum: COST_MIN.passes, maximum: COST_MAX.passes })),
          parallelism: Type.Optional(Type.Integer({ minimum: COST_MIN.parallelism, maximum: COST_MAX.parallelism })),
          concurrency: Type.Optional(Type.Integer({ minimum: 1, maximum: CONCURRENCY_MAX })),
        },
        { additionalProperties: false },
      ),
    ),
    offboarding: Type.Optional(
      Type.Object({ removePlans: Type.Optional(Type.Boolean()) }, { additionalProperties: false }),
    ),
    smtp: Type.Optional(
      Type.Object(
        { url: Type.String({ pattern: '^smtps?://' }), from: Type.String({ minLength: 3 }) },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
)
type FileSettings = Partial<Omit<Config, 'masterKey' | 'newMasterKey' | 'tls' | 'passwords' | 'offboarding'>> & {
  tls?: { cert: string; key: string }
  passwords?: Partial<PasswordSettings>
  offboarding?: { removePlans?: boolean }
}

/** Puts a configuration together. Throws ConfigError. */
export async function readConfig(flags: Flags, env: NodeJS.ProcessEnv = process.env): Promise<Config> {
  const file = env.UNDERSTUDY_CONFIG === undefined ? {} : await readConfigFile(env.UNDERSTUDY_CONFIG)
  const data = flags.data ?? env.UNDERSTUDY_DATA ?? env.DATABASE_URL ?? file.data ?? DIRECTORY
  const [scheme] = /^[a-z]+:\/\//i.exec(data) ?? []
  if (scheme !== undefined && !isPostgresUrl(data)) {
    throw new ConfigError(`${scheme.toLowerCase()} is no store; name a directory, :memory:, or a postgres:// URL`)
  }
  if (scheme !== undefined && !URL.canParse(data)) {
    throw new ConfigError(`the ${scheme} URL cannot be read; percent-encode what is special in user and password`)
  }
  return {
    host: flags.host ?? env.UNDERSTUDY_HOST ?? file.host ?? '127.0.0.1',
    port: portOf(flags.port, '--port') ?? portOf(env.UNDERSTUDY_PORT, 'UNDERSTUDY_PORT') ?? file.port ?? 4600,
    data,
    home: isPostgresUrl(data) ? (env.UNDERSTUDY_HOME ?? file.home ?? DIRECTORY) : data,
    postgres: { ...POSTGRES, ...file.postgres },
    publicUrl: originOf(env.UNDERSTUDY_PUBLIC_URL) ?? file.publicUrl,
    logLevel: logLevelOf(env.UNDERSTUDY_LOG_LEVEL) ?? file.logLevel ?? 'info',
    retentionDays: file.retentionDays ?? 30,
    trustProxy: file.trustProxy ?? false,
    strippedPrefix: file.strippedPrefix ?? '',
    smtp: smtpOf(env) ?? file.smtp,
    webhooks: {
      allowPrivateAddresses:
        switchOf(env.UNDERSTUDY_ALLOW_PRIVATE_ADDRESSES, 'UNDERSTUDY_ALLOW_PRIVATE_ADDRESSES') ??
        file.webhooks?.allowPrivateAddresses,
    },
    passwords: passwordsOf(file.passwords, env.UV_THREADPOOL_SIZE),
    offboarding: { removePlans: file.offboarding?.removePlans ?? false },
    tls: tlsOf(
      flags['tls-cert'] ?? env.UNDERSTUDY_TLS_CERT ?? file.tls?.cert,
      flags['tls-key'] ?? env.UNDERSTUDY_TLS_KEY ?? file.tls?.key,
    ),
    masterKey: masterKeyOf(env.UNDERSTUDY_MASTER_KEY, 'UNDERSTUDY_MASTER_KEY'),
    newMasterKey: masterKeyOf(env.UNDERSTUDY_NEW_MASTER_KEY, 'UNDERSTUDY_NEW_MASTER_KEY'),
  }
}

async function readConfigFile(path: string): Promise<FileSettings> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigError(`cannot read the config file ${path}: ${reasonOf(error)}`)
  }
  const { value, problems } = await parseDocument(text, ConfigFile)
  const [problem] = problems
  if (problem) throw new ConfigError(`${path}:${problem.line}: ${problem.message}`)
  return (value ?? {}) as Static<typeof ConfigFile> & FileSettings
}

function portOf(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined
  // Without the text: whatever was meant for another setting may be a secret.
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65535) throw new ConfigError(`${name} must be a port number`)
  return Number(text)
}

function switchOf(text: string | undefined, name: string): boolean | undefined {
  if (text === undefined) return undefined
  if (text === 'true' || text === 'false') return text === 'true'
  throw new ConfigError(`${name} must be true or false`)
}

function originOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol) || url.origin !== text.replace(/\/$/, '')) {
    throw new ConfigError('UNDERSTUDY_PUBLIC_URL must be an origin such as https://understudy.example.com')
  }
  return url.origin
}

function logLevelOf(text: string | undefined): string | undefined {
  if (text === undefined || LOG_LEVELS.includes(text)) return text
  throw new ConfigError(`UNDERSTUDY_LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}`)
}

function smtpOf(env: NodeJS.ProcessEnv): SmtpSettings | undefined {
  if (env.UNDERSTUDY_SMTP_URL === undefined) return undefined
  if (!/^smtps?:\/\//.test(env.UNDERSTUDY_SMTP_URL)) {
    throw new ConfigError('UNDERSTUDY_SMTP_URL must start with smtp:// or smtps://')
  }
  if (!env.UNDERSTUDY_SMTP_FROM) throw new ConfigError('UNDERSTUDY_SMTP_FROM is needed beside UNDERSTUDY_SMTP_URL')
  return { url: env.UNDERSTUDY_SMTP_URL, from: env.UNDERSTUDY_SMTP_FROM }
}

/** Hashing never takes the whole thread pool, whose size is `poolSize`: a name look-up would wait behind passwords. */
function passwordsOf(settings: FileSettings['passwords'], poolSize: string | undefined): PasswordSettings {
  const threads = threadsOf(poolSize)
  const atOnceMax = Math.max(1, threads - THREADS_FREE)
  const concurrency = settings?.concurrency ?? Math.min(availableParallelism(), atOnceMax, CONCURRENCY_MAX)
  if (concurrency > atOnceMax) {
    throw new ConfigError(
      `passwords.concurrency: ${concurrency} at once need UV_THREADPOOL_SIZE=${concurrency + THREADS_FREE} in the environment, not ${threads}`,
    )
  }
  const cost = { ...PASSWORD_COST, ...settings }
  if (cost.memoryKiB < cost.parallelism * KIB_PER_LANE) {
    throw new ConfigError(`passwords.memoryKiB must be at least ${KIB_PER_LANE} times passwords.parallelism`)
  }
  return { ...cost, concurrency }
}

/** As libuv reads it: what is no number counts as one thread. */
function threadsOf(poolSize: string | undefined): number {
  if (poolSize === undefined) return THREADS
  return Math.min(Math.max(1, Number.parseInt(poolSize, 10) || 1), THREADS_MAX)
}

function tlsOf(certFile: string | undefined, keyFile: string | undefined): Config['tls'] {
  if (certFile === undefined && keyFile === undefined) return undefined
  if (certFile === undefined || keyFile === undefined) {
    throw new ConfigError('TLS needs both --tls-cert and --tls-key; only one is set')
  }
  const pem = { cert: readBytes(certFile), key: readBytes(keyFile) }
  try {
    createSecureContext(pem)
  } catch (error) {
    throw new ConfigError(`${certFile} and ${keyFile} are no certificate with its key: ${reasonOf(error)}`)
  }
  return pem
}

function readBytes(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new ConfigError(`cannot read ${path}: ${reasonOf(error)}`)
  }
}

/**
 * The master keys that are at hand, in the order in which they are tried: those of the environment, or those that `home`
 * keeps. While one is replaced there are two, and the store is sealed under the one or the other.
 */
export function masterKeysAtHand({ masterKey, newMasterKey, home }: Config): Uint8Array[] {
  const present = masterKey ? [masterKey] : masterKeysKeptIn(home)
  return present.length > 0 && newMasterKey ? [...present, newMasterKey] : present
}

/** The master key in a file. Throws ConfigError, which never holds the text. */
export function readMasterKey(path: string): Uint8Array {
  return masterKeyNamed(readBytes(path).toString(), path)
}

function masterKeyOf(text: string | undefined, name: string): Uint8Array | undefined {
  return text === undefined ? undefined : masterKeyNamed(text, name)
}

function masterKeyNamed(text: string, name: string): Uint8Array {
  try {
    return parseMasterKey(text)
  } catch (error) {
    throw new ConfigError(`${name}: ${reasonOf(error)}`)
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

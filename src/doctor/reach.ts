import type { Config } from '../config.ts'
import { literalIn } from '../platform/outbound/addresses.ts'

/** Whether the server is meant for others than this machine: by where it listens, or by the URL that it is known under. */
export function isForOthers({ host, publicUrl }: Pick<Config, 'host' | 'publicUrl'>): boolean {
  return !isLoopback(host) || (publicUrl !== undefined && !isLoopback(new URL(publicUrl).hostname))
}

/** Of a host name or an address, with or without brackets. */
export function isLoopback(host: string): boolean {
  return /^(127\.|::1$|localhost$)/.test(literalIn(host) ?? host)
}

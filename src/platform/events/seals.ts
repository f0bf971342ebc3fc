// What a seal says. Each event of a tenant gets the next number of the tenant's chain, and a hash over itself, its number
// and the hash before. All hashes are the vault's: who can write to the store and has not the master key cannot make one.

import type { Vault } from '../credentials/vault.ts'
import type { EventRow } from './events.ts'

/** One event's place in the chain of its tenant. Events of the server itself are a chain too. */
export interface Seal {
  vendor: string
  tenant: string
  /** From 1, without gaps. */
  number: number
  sequence: number
  event_id: string
  /** Over every column of the event. */
  event_hash: string
  /** Over this seal and the hash of the one before. */
  hash: string
}

/** Where a chain ends. */
export interface Head {
  vendor: string
  tenant: string
  number: number
  hash: string
}

/** How far the whole log is sealed. */
export interface Watermark {
  /** Every event up to this sequence number is sealed. */
  sequence: number
  /** How many seals there are, all chains together. */
  seals: number
}

export const START: Watermark = { sequence: 0, seals: 0 }

export function eventHash(vault: Vault, event: EventRow): string {
  const { sequence, id, vendor, tenant, type, subject, actor, request_id, data, created_at } = event
  const columns = [sequence, id, vendor, tenant, type, subject, actor, request_id, data, created_at]
  return vault.attest(['event', ...columns])
}

/** The hash of a seal; `before` is that of the one before, empty for the first. */
export function sealHash(vault: Vault, before: string, seal: Omit<Seal, 'hash'>): string {
  const { vendor, tenant, number, sequence, event_id, event_hash } = seal
  return vault.attest(['seal', before, vendor, tenant, number, sequence, event_id, event_hash])
}

/** Stands beside a head, so that a chain cannot be cut and its head be put back. */
export function headProof(vault: Vault, { vendor, tenant, number, hash }: Head): string {
  return vault.attest(['head', vendor, tenant, number, hash])
}

/** Stands beside the watermark. */
export function watermarkProof(vault: Vault, { sequence, seals }: Watermark): string {
  return vault.attest(['watermark', sequence, seals])
}

/** Names a chain among others. */
export function chainOf({ vendor, tenant }: Pick<Head, 'vendor' | 'tenant'>): string {
  return `${vendor}:${tenant}`
}

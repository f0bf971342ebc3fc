// Rows to wire objects: pure functions, the shapes of contract sections 4, 7 and 9. Members stand in the order in which
// they are sent.

import type { Brand } from './brands.store.ts'
import type { User } from './users.store.ts'

/** What every user record has: contract section 4, the rows that hold for parent and child. */
export interface WireUser {
  id: string
  object: 'User'
  parent_id: string | null
  name: string
  email: string | null
  phone_number: string | null
  recharge_amount: string | null
  secondary_recharge_amount: string | null
  recharge_threshold: string | null
  verified: boolean
  created_at: string
  updated_at: string
  default_carbon_offset: boolean
  has_elevate_access: boolean
}

/** What only a parent's record has beside its children. */
export interface WireParentFields {
  balance: string
  price_per_shipment: string
  cc_fee_rate: string
  insurance_fee_rate: string
  insurance_fee_minimum: string
  default_insurance_amount: string
  has_billing_method: boolean
}

export interface WireApiKey {
  object: 'ApiKey'
  active: boolean
  key: string
  mode: string
  created_at: string
  id: string
}

/** Whole seconds: contract section 1. */
export function wireTime(timestamp: string): string {
  return `${timestamp.slice(0, 19)}Z`
}

/** The child record, wherever a child appears. */
export function childOf(user: User): WireUser {
  return {
    id: user.id,
    object: 'User',
    parent_id: user.parentId,
    name: user.name,
    email: user.email,
    phone_number: user.phoneNumber,
    recharge_amount: user.rechargeAmount,
    secondary_recharge_amount: user.secondaryRechargeAmount,
    recharge_threshold: user.rechargeThreshold,
    verified: true,
    created_at: wireTime(user.createdAt),
    updated_at: wireTime(user.updatedAt),
    default_carbon_offset: false,
    has_elevate_access: false,
  }
}

/** The parent record without its children, which come last. */
export function parentOf(user: User, balance: string): WireUser & WireParentFields {
  return {
    ...childOf(user),
    balance,
    price_per_shipment: '0.00000',
    cc_fee_rate: '0.0325',
    insurance_fee_rate: '0.005',
    insurance_fee_minimum: '0.50',
    default_insurance_amount: '50.00',
    has_billing_method: false,
  }
}

/** A key with its secret in clear, as the wire shows it each time: contract section 7. */
export function apiKeyOf(
  credential: { id: string; mode: string; createdAt: string; disabledAt: string | null },
  key: string,
): WireApiKey {
  return {
    object: 'ApiKey',
    active: credential.disabledAt === null,
    key,
    mode: credential.mode,
    created_at: wireTime(credential.createdAt),
    id: credential.id,
  }
}

/** All members, always: contract section 9. */
export function brandOf(brand: Brand, user: User) {
  return {
    id: brand.id,
    object: 'Brand',
    user_id: user.id,
    name: user.name,
    color: brand.color,
    background_color: brand.backgroundColor,
    logo: brand.logo,
    logo_href: brand.logoHref,
    ad: brand.ad,
    ad_href: brand.adHref,
    theme: brand.theme,
  }
}

// A user's brand: contract section 9. Written and answered, never read on its own.

import { type Context, type Principal, withTransaction } from '../../platform/context.ts'
import * as events from '../../platform/events/events.ts'
import type { Parameters } from './body.ts'
import * as store from './brands.store.ts'
import { differences, given } from './changes.ts'
import { wrongType } from './errors.ts'
import { text } from './fields.ts'
import * as users from './users.ts'

export type BrandChanges = { [Field in keyof store.BrandFields]?: store.BrandFields[Field] | undefined }

const THEMES = ['theme1', 'theme2']
const NO_BRAND: store.BrandFields = {
  color: null,
  backgroundColor: null,
  logo: null,
  logoHref: null,
  ad: null,
  adHref: null,
  theme: 'theme1',
}

/** The fields that a body changes. Throws `PARAMETER.INVALID_TYPE`. */
export function brandChangesIn(parameters: Parameters): BrandChanges {
  const theme = text(parameters, 'theme')
  if (typeof theme === 'string' && !THEMES.includes(theme))
    throw wrongType('theme', `must be one of ${THEMES.join(', ')}`)
  return {
    color: text(parameters, 'color'),
    backgroundColor: text(parameters, 'background_color'),
    logo: text(parameters, 'logo'),
    logoHref: text(parameters, 'logo_href'),
    ad: text(parameters, 'ad'),
    adHref: text(parameters, 'ad_href'),
    theme: theme === null ? NO_BRAND.theme : theme,
  }
}

/** Changes what is given; the first time it makes the brand. No change, no event. Throws `notFound` (user). */
export async function update(
  ctx: Context,
  principal: Principal,
  userId: string,
  changes: BrandChanges,
): Promise<store.Brand> {
  return withTransaction(ctx, principal, async tx => {
    const { tenant } = await users.get(tx, principal.tenant, userId)
    const existing = await store.find(tx, tenant, userId)
    const brand = existing ?? { id: `brd_${tx.ids.hex32()}`, ...NO_BRAND }
    const updated = { ...brand, ...given(changes) }
    const changed = Object.keys(differences(brand, updated))
    if (existing && changed.length === 0) return existing
    await store.save(tx, tenant, userId, updated)
    // Names only: a logo may be a whole image.
    await events.record(tx, principal, 'brand.updated', brand.id, { id: brand.id, userId, changed })
    return updated
  })
}

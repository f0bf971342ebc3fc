import type { Context } from '../../platform/context.ts'

interface BrandTable {
  tenant: string
  user_id: string
  id: string
  color: string | null
  background_color: string | null
  logo: string | null
  logo_href: string | null
  ad: string | null
  ad_href: string | null
  theme: string
}

declare module '../../platform/db/database.ts' {
  interface Database {
    easypost_brands: BrandTable
  }
}

export interface BrandFields {
  color: string | null
  backgroundColor: string | null
  logo: string | null
  logoHref: string | null
  ad: string | null
  adHref: string | null
  theme: string
}

export interface Brand extends BrandFields {
  id: string
}

export async function find(ctx: Context, tenant: string, userId: string): Promise<Brand | undefined> {
  const row = await ctx.db
    .selectFrom('easypost_brands')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('user_id', '=', userId)
    .executeTakeFirst()
  if (!row) return undefined
  const { background_color: backgroundColor, logo_href: logoHref, ad_href: adHref } = row
  const { id, color, logo, ad, theme } = row
  return { id, color, backgroundColor, logo, logoHref, ad, adHref, theme }
}

/** Stores a user's brand, in place of the one it may have. */
export async function save(tx: Context, tenant: string, userId: string, brand: Brand): Promise<void> {
  const columns = {
    id: brand.id,
    color: brand.color,
    background_color: brand.backgroundColor,
    logo: brand.logo,
    logo_href: brand.logoHref,
    ad: brand.ad,
    ad_href: brand.adHref,
    theme: brand.theme,
  }
  await tx.db
    .insertInto('easypost_brands')
    .values({ tenant, user_id: userId, ...columns })
    .onConflict(conflict => conflict.columns(['tenant', 'user_id']).doUpdateSet(columns))
    .execute()
}

export async function remove(tx: Context, tenant: string, userId: string): Promise<void> {
  await tx.db.deleteFrom('easypost_brands').where('tenant', '=', tenant).where('user_id', '=', userId).execute()
}

import { type Kysely, sql } from 'kysely'
import type { Database } from '../../platform/db/database.ts'
import type { Migrations } from '../../platform/db/migrate.ts'

export const migrations: Migrations = { '2026-11-21-easypost': { up } }

async function up(db: Kysely<Database>): Promise<void> {
  await db.schema
    .createTable('easypost_users')
    .addColumn('tenant', 'text', column => column.notNull())
    .addColumn('id', 'text', column => column.notNull())
    .addColumn('parent_id', 'text')
    .addColumn('position', 'bigint', column => column.notNull())
    .addColumn('name', 'text', column => column.notNull())
    .addColumn('email', 'text')
    .addColumn('email_key', 'text')
    .addColumn('phone_number', 'text')
    .addColumn('recharge_amount', 'text')
    .addColumn('secondary_recharge_amount', 'text')
    .addColumn('recharge_threshold', 'text')
    .addColumn('created_at', 'text', column => column.notNull())
    .addColumn('updated_at', 'text', column => column.notNull())
    .addColumn('deleted_at', 'text')
    .addPrimaryKeyConstraint('easypost_users_key', ['tenant', 'id'])
    .execute()
  // Contract section 5: unique, in any case, among all live users of the server.
  await db.schema
    .createIndex('easypost_users_email')
    .unique()
    .on('easypost_users')
    .column('email_key')
    .where(sql.ref('deleted_at'), 'is', null)
    .execute()
  await db.schema
    .createIndex('easypost_users_position')
    .unique()
    .on('easypost_users')
    .columns(['tenant', 'position'])
    .execute()
  await db.schema
    .createIndex('easypost_users_live')
    .on('easypost_users')
    .columns(['tenant', 'position'])
    .where(sql.ref('deleted_at'), 'is', null)
    .execute()
  await db.schema
    .createIndex('easypost_users_deleted')
    .on('easypost_users')
    .columns(['deleted_at', 'tenant', 'position'])
    .where(sql.ref('deleted_at'), 'is not', null)
    .execute()
  // What operators page through: without a look at all who are there.
  await db.schema
    .createIndex('easypost_users_restorable')
    .on('easypost_users')
    .columns(['tenant', 'position'])
    .where(sql.ref('deleted_at'), 'is not', null)
    .execute()

  // What only a parent has. Its id is the tenant.
  await db.schema
    .createTable('easypost_parents')
    .addColumn('id', 'text', column => column.primaryKey())
    .addColumn('balance', 'text', column => column.notNull())
    .addColumn('list_per_second', 'integer', column => column.notNull())
    .addColumn('per_second', 'integer', column => column.notNull())
    .addColumn('user_events', 'integer', column => column.notNull())
    .addColumn('next_position', 'bigint', column => column.notNull())
    .addColumn('created_at', 'text', column => column.notNull())
    .execute()
  await db.schema.createIndex('easypost_parents_created').on('easypost_parents').columns(['created_at', 'id']).execute()

  await db.schema
    .createTable('easypost_brands')
    .addColumn('tenant', 'text', column => column.notNull())
    .addColumn('user_id', 'text', column => column.notNull())
    .addColumn('id', 'text', column => column.notNull())
    .addColumn('color', 'text')
    .addColumn('background_color', 'text')
    .addColumn('logo', 'text')
    .addColumn('logo_href', 'text')
    .addColumn('ad', 'text')
    .addColumn('ad_href', 'text')
    .addColumn('theme', 'text', column => column.notNull())
    .addPrimaryKeyConstraint('easypost_brands_key', ['tenant', 'user_id'])
    .execute()
}

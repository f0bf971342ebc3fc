import { type Kysely, sql } from 'kysely'
import type { Database } from '../../platform/db/database.ts'
import type { Migrations } from '../../platform/db/migrate.ts'

export const migrations: Migrations = { '2026-11-22-memberstack': { up } }

async function up(db: Kysely<Database>): Promise<void> {
  await db.schema
    .createTable('memberstack_apps')
    .addColumn('id', 'text', column => column.primaryKey())
    .addColumn('name', 'text', column => column.notNull())
    .addColumn('settings', 'text', column => column.notNull())
    .addColumn('created_at', 'text', column => column.notNull())
    .execute()
  await db.schema.createIndex('memberstack_apps_created').on('memberstack_apps').columns(['created_at', 'id']).execute()

  await db.schema
    .createTable('memberstack_environments')
    .addColumn('app_id', 'text', column => column.notNull())
    .addColumn('environment', 'text', column => column.notNull())
    .addColumn('next_number', 'bigint', column => column.notNull())
    .addColumn('members', 'bigint', column => column.notNull())
    .addColumn('sealed_stripe_key', 'text')
    .addColumn('stripe_api_base', 'text')
    .addPrimaryKeyConstraint('memberstack_environments_key', ['app_id', 'environment'])
    .addForeignKeyConstraint('memberstack_environments_app', ['app_id'], 'memberstack_apps', ['id'])
    .execute()

  await db.schema
    .createTable('memberstack_plans')
    .addColumn('app_id', 'text', column => column.notNull())
    .addColumn('id', 'text', column => column.notNull())
    .addColumn('position', 'bigint', column => column.notNull())
    .addColumn('name', 'text', column => column.notNull())
    .addColumn('description', 'text')
    .addColumn('priority', 'integer')
    .addColumn('type', 'text', column => column.notNull())
    .addColumn('status', 'text', column => column.notNull())
    .addColumn('environment', 'text')
    .addColumn('restrict_to_admin', 'integer', column => column.notNull())
    .addColumn('permissions', 'text', column => column.notNull())
    .addColumn('prices', 'text', column => column.notNull())
    .addColumn('redirects', 'text', column => column.notNull())
    .addColumn('created_at', 'text', column => column.notNull())
    .addPrimaryKeyConstraint('memberstack_plans_key', ['app_id', 'id'])
    .addForeignKeyConstraint('memberstack_plans_app', ['app_id'], 'memberstack_apps', ['id'])
    .execute()
  await db.schema
    .createIndex('memberstack_plans_position')
    .unique()
    .on('memberstack_plans')
    .columns(['app_id', 'position'])
    .execute()

  await db.schema
    .createTable('memberstack_members')
    .addColumn('app_id', 'text', column => column.notNull())
    .addColumn('environment', 'text', column => column.notNull())
    .addColumn('id', 'text', column => column.notNull())
    .addColumn('number', 'bigint', column => column.notNull())
    .addColumn('email', 'text', column => column.notNull())
    .addColumn('email_key', 'text', column => column.notNull())
    .addColumn('password_hash', 'text')
    .addColumn('verified', 'integer', column => column.notNull())
    .addColumn('custom_fields', 'text', column => column.notNull())
    .addColumn('meta_data', 'text', column => column.notNull())
    .addColumn('json', 'text', column => column.notNull())
    .addColumn('permissions', 'text', column => column.notNull())
    .addColumn('login_redirect', 'text')
    .addColumn('profile_image', 'text')
    .addColumn('stripe_customer_id', 'text')
    .addColumn('last_login', 'text')
    .addColumn('suspended_by', 'text')
    .addColumn('created_at', 'text', column => column.notNull())
    .addColumn('updated_at', 'text', column => column.notNull())
    .addColumn('deleted_at', 'text')
    .addPrimaryKeyConstraint('memberstack_members_key', ['app_id', 'environment', 'id'])
    .addForeignKeyConstraint('memberstack_members_environment', ['app_id', 'environment'], 'memberstack_environments', [
      'app_id',
      'environment',
    ])
    .execute()
  await db.schema
    .createIndex('memberstack_members_email')
    .unique()
    .on('memberstack_members')
    .columns(['app_id', 'environment', 'email_key'])
    .where(sql.ref('deleted_at'), 'is', null)
    .execute()
  await db.schema
    .createIndex('memberstack_members_number')
    .on('memberstack_members')
    .columns(['app_id', 'environment', 'number'])
    .where(sql.ref('deleted_at'), 'is', null)
    .execute()
  await db.schema
    .createIndex('memberstack_members_deleted')
    .on('memberstack_members')
    .columns(['deleted_at', 'app_id', 'environment', 'number'])
    .where(sql.ref('deleted_at'), 'is not', null)
    .execute()
  // What operators page through: without a look at all who are there.
  await db.schema
    .createIndex('memberstack_members_restorable')
    .on('memberstack_members')
    .columns(['app_id', 'environment', 'number'])
    .where(sql.ref('deleted_at'), 'is not', null)
    .execute()
  // A person over all apps, when they leave.
  await db.schema.createIndex('memberstack_members_person').on('memberstack_members').column('email_key').execute()
  await db.schema
    .createIndex('memberstack_members_suspended')
    .on('memberstack_members')
    .column('suspended_by')
    .where(sql.ref('suspended_by'), 'is not', null)
    .execute()

  await db.schema
    .createTable('memberstack_connections')
    .addColumn('app_id', 'text', column => column.notNull())
    .addColumn('environment', 'text', column => column.notNull())
    .addColumn('member_id', 'text', column => column.notNull())
    .addColumn('plan_id', 'text', column => column.notNull())
    .addColumn('id', 'text', column => column.notNull())
    .addColumn('position', 'bigint', column => column.notNull())
    .addColumn('status', 'text', column => column.notNull())
    .addColumn('payment', 'text')
    .addColumn('removed_by', 'text')
    .addColumn('created_at', 'text', column => column.notNull())
    .addPrimaryKeyConstraint('memberstack_connections_key', ['app_id', 'environment', 'member_id', 'plan_id'])
    .addForeignKeyConstraint(
      'memberstack_connections_member',
      ['app_id', 'environment', 'member_id'],
      'memberstack_members',
      ['app_id', 'environment', 'id'],
    )
    .addForeignKeyConstraint('memberstack_connections_plan', ['app_id', 'plan_id'], 'memberstack_plans', [
      'app_id',
      'id',
    ])
    .execute()
  await db.schema
    .createIndex('memberstack_connections_plan')
    .on('memberstack_connections')
    .columns(['app_id', 'plan_id'])
    .execute()

  // One row for each token that was issued, until it expires: a token is known by its member and its second.
  await db.schema
    .createTable('memberstack_tokens')
    .addColumn('app_id', 'text', column => column.notNull())
    .addColumn('environment', 'text', column => column.notNull())
    .addColumn('member_id', 'text', column => column.notNull())
    .addColumn('issued_at', 'bigint', column => column.notNull())
    .addColumn('expires_at', 'bigint', column => column.notNull())
    .addColumn('kid', 'text', column => column.notNull())
    .addColumn('ended_by', 'text')
    .addPrimaryKeyConstraint('memberstack_tokens_key', ['app_id', 'environment', 'member_id', 'issued_at'])
    .execute()
  await db.schema.createIndex('memberstack_tokens_expiry').on('memberstack_tokens').column('expires_at').execute()
  await db.schema
    .createIndex('memberstack_tokens_kid')
    .on('memberstack_tokens')
    .columns(['kid', 'expires_at'])
    .execute()

  await db.schema
    .createTable('memberstack_signing_keys')
    .addColumn('kid', 'text', column => column.primaryKey())
    .addColumn('sealed_private_key', 'text', column => column.notNull())
    .addColumn('public_jwk', 'text', column => column.notNull())
    .addColumn('created_at', 'text', column => column.notNull())
    .addColumn('retired_at', 'text')
    .execute()
  // At most one that signs, however many nodes start at once.
  await db.schema
    .createIndex('memberstack_signing_keys_current')
    .unique()
    .on('memberstack_signing_keys')
    .expression(sql`(retired_at is null)`)
    .where(sql.ref('retired_at'), 'is', null)
    .execute()

  await db.schema
    .createTable('memberstack_codes')
    .addColumn('app_id', 'text', column => column.notNull())
    .addColumn('environment', 'text', column => column.notNull())
    .addColumn('purpose', 'text', column => column.notNull())
    .addColumn('email_key', 'text', column => column.notNull())
    .addColumn('code_hash', 'text', column => column.notNull())
    .addColumn('tries', 'integer', column => column.notNull())
    .addColumn('expires_at', 'text', column => column.notNull())
    .addPrimaryKeyConstraint('memberstack_codes_key', ['app_id', 'environment', 'purpose', 'email_key'])
    .execute()
  // A reset code arrives without its email, so it has to name one alone. Its hash takes in app, environment and purpose.
  await db.schema
    .createIndex('memberstack_codes_reset')
    .unique()
    .on('memberstack_codes')
    .column('code_hash')
    .where(sql.ref('purpose'), '=', sql.lit('reset'))
    .execute()
  await db.schema.createIndex('memberstack_codes_expiry').on('memberstack_codes').column('expires_at').execute()
}

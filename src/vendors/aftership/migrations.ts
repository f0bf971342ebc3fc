import { type Kysely, sql } from 'kysely'
import type { Database } from '../../platform/db/database.ts'
import type { Migrations } from '../../platform/db/migrate.ts'

export const migrations: Migrations = { '2026-11-21-aftership': { up } }

async function up(db: Kysely<Database>): Promise<void> {
  await db.schema
    .createTable('aftership_accounts')
    .addColumn('id', 'text', column => column.primaryKey())
    .addColumn('email', 'text', column => column.notNull())
    .addColumn('email_key', 'text', column => column.notNull().unique())
    .addColumn('verified', 'integer', column => column.notNull())
    .addColumn('created_at', 'text', column => column.notNull())
    .execute()
  await createdIndex(db, 'aftership_accounts')

  await db.schema
    .createTable('aftership_organizations')
    .addColumn('id', 'text', column => column.primaryKey())
    .addColumn('name', 'text', column => column.notNull())
    .addColumn('invitations', 'text', column => column.notNull())
    .addColumn('seats', 'bigint')
    .addColumn('requests_per_second', 'integer', column => column.notNull())
    .addColumn('next_position', 'bigint', column => column.notNull())
    .addColumn('created_at', 'text', column => column.notNull())
    .execute()
  await createdIndex(db, 'aftership_organizations')

  await db.schema
    .createTable('aftership_roles')
    .addColumn('organization_id', 'text', column => column.notNull())
    .addColumn('code', 'text', column => column.notNull())
    .addColumn('name', 'text', column => column.notNull())
    .addColumn('position', 'bigint', column => column.notNull())
    .addPrimaryKeyConstraint('aftership_roles_key', ['organization_id', 'code'])
    .addForeignKeyConstraint('aftership_roles_org', ['organization_id'], 'aftership_organizations', ['id'])
    .execute()

  await db.schema
    .createTable('aftership_memberships')
    .addColumn('organization_id', 'text', column => column.notNull())
    .addColumn('id', 'text', column => column.notNull())
    .addColumn('position', 'bigint', column => column.notNull())
    .addColumn('account_id', 'text', column => column.notNull())
    .addColumn('role_code', 'text', column => column.notNull())
    .addColumn('status', 'text', column => column.notNull())
    .addColumn('created_at', 'text', column => column.notNull())
    .addColumn('updated_at', 'text', column => column.notNull())
    .addColumn('deleted_at', 'text')
    .addPrimaryKeyConstraint('aftership_memberships_key', ['organization_id', 'id'])
    .addForeignKeyConstraint('aftership_memberships_account', ['account_id'], 'aftership_accounts', ['id'])
    .addForeignKeyConstraint('aftership_memberships_role', ['organization_id', 'role_code'], 'aftership_roles', [
      'organization_id',
      'code',
    ])
    .execute()
  await db.schema
    .createIndex('aftership_memberships_account')
    .unique()
    .on('aftership_memberships')
    .columns(['organization_id', 'account_id'])
    .where(sql.ref('deleted_at'), 'is', null)
    .execute()
  await db.schema
    .createIndex('aftership_memberships_position')
    .on('aftership_memberships')
    .columns(['organization_id', 'position'])
    .where(sql.ref('deleted_at'), 'is', null)
    .execute()
  await db.schema
    .createIndex('aftership_memberships_role')
    .on('aftership_memberships')
    .columns(['organization_id', 'role_code'])
    .execute()
  await db.schema
    .createIndex('aftership_memberships_deleted')
    .on('aftership_memberships')
    .columns(['deleted_at', 'organization_id', 'position'])
    .where(sql.ref('deleted_at'), 'is not', null)
    .execute()
  // What operators page through beside the active ones: without a look at all of those.
  await db.schema
    .createIndex('aftership_memberships_restorable')
    .on('aftership_memberships')
    .columns(['organization_id', 'position'])
    .where(sql.ref('deleted_at'), 'is not', null)
    .execute()
  await db.schema
    .createIndex('aftership_memberships_pending')
    .on('aftership_memberships')
    .columns(['organization_id', 'position'])
    .where(sql<boolean>`deleted_at is null and status = 'pending'`)
    .execute()
  await db.schema.createIndex('aftership_memberships_of').on('aftership_memberships').column('account_id').execute()

  // How many live memberships stand in each block of positions: totals and deep offsets without walking the rows.
  await db.schema
    .createTable('aftership_membership_blocks')
    .addColumn('organization_id', 'text', column => column.notNull())
    .addColumn('block', 'bigint', column => column.notNull())
    .addColumn('members', 'bigint', column => column.notNull())
    .addPrimaryKeyConstraint('aftership_membership_blocks_key', ['organization_id', 'block'])
    .execute()

  await db.schema
    .createTable('aftership_invitations')
    .addColumn('token_hash', 'text', column => column.primaryKey())
    .addColumn('organization_id', 'text', column => column.notNull())
    .addColumn('membership_id', 'text', column => column.notNull())
    .addColumn('created_at', 'text', column => column.notNull())
    .addColumn('expires_at', 'text', column => column.notNull())
    .addColumn('ended_at', 'text')
    .execute()
  await db.schema
    .createIndex('aftership_invitations_open')
    .on('aftership_invitations')
    .column('expires_at')
    .where(sql.ref('ended_at'), 'is', null)
    .execute()
  await db.schema
    .createIndex('aftership_invitations_membership')
    .on('aftership_invitations')
    .columns(['organization_id', 'membership_id'])
    .execute()

  await db.schema
    .createTable('aftership_apps')
    .addColumn('id', 'text', column => column.primaryKey())
    .addColumn('name', 'text', column => column.notNull())
    .addColumn('partner', 'integer', column => column.notNull())
    .addColumn('redirect_uris', 'text', column => column.notNull())
    .addColumn('secret_hash', 'text', column => column.notNull())
    .addColumn('created_at', 'text', column => column.notNull())
    .execute()
  await createdIndex(db, 'aftership_apps')

  await db.schema
    .createTable('aftership_grants')
    .addColumn('id', 'text', column => column.primaryKey())
    .addColumn('app_id', 'text', column => column.notNull())
    .addColumn('organization_id', 'text', column => column.notNull())
    .addColumn('account_id', 'text', column => column.notNull())
    .addColumn('scopes', 'text', column => column.notNull())
    .addColumn('created_at', 'text', column => column.notNull())
    .addColumn('ended_at', 'text')
    .addColumn('ended_by', 'text')
    .execute()
  await db.schema
    .createIndex('aftership_grants_member')
    .on('aftership_grants')
    .columns(['organization_id', 'account_id'])
    .execute()
  await db.schema
    .createIndex('aftership_grants_cause')
    .on('aftership_grants')
    .columns(['organization_id', 'ended_by'])
    .execute()
  await db.schema.createIndex('aftership_grants_account').on('aftership_grants').column('account_id').execute()
  await db.schema.createIndex('aftership_grants_app').on('aftership_grants').column('app_id').execute()

  // Links, sessions, codes and tokens of the OAuth flow: each known by the hash of a secret, each with an end.
  await db.schema
    .createTable('aftership_oauth_tokens')
    .addColumn('token_hash', 'text', column => column.primaryKey())
    .addColumn('kind', 'text', column => column.notNull())
    .addColumn('account_id', 'text')
    .addColumn('grant_id', 'text')
    .addColumn('request', 'text')
    .addColumn('scopes', 'text')
    .addColumn('created_at', 'text', column => column.notNull())
    .addColumn('expires_at', 'text', column => column.notNull())
    .addColumn('used_at', 'text')
    .addColumn('kept_until', 'text', column => column.notNull())
    .execute()
  await db.schema.createIndex('aftership_oauth_tokens_kept').on('aftership_oauth_tokens').column('kept_until').execute()
  await db.schema.createIndex('aftership_oauth_tokens_grant').on('aftership_oauth_tokens').column('grant_id').execute()
  await db.schema
    .createIndex('aftership_oauth_tokens_account')
    .on('aftership_oauth_tokens')
    .columns(['account_id', 'kind', 'created_at'])
    .execute()
}

function createdIndex(db: Kysely<Database>, table: string): Promise<void> {
  return db.schema.createIndex(`${table}_created`).on(table).columns(['created_at', 'id']).execute()
}

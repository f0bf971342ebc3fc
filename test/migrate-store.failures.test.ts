// A move that fails leaves nothing behind. All of it needs a PostgreSQL, and so is here only where one runs beside the
// tests.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import test from 'node:test'
import {
  databaseWithTables,
  emptyDatabase,
  move,
  query,
  rowsIn,
  server,
  setting,
  smallStore,
  usedDatabase,
} from './migrate-store.support.ts'

function scenarios(): void {
  test('a row that PostgreSQL cannot keep, or that breaks a foreign key, is refused without what is in it', async () => {
    const cases: [broken: string, says: RegExp][] = [
      [
        "update webhook_endpoints set events = 'secret' || char(0)",
        /: webhook_endpoints: the row with sequence 1 has a null character in events, which PostgreSQL cannot keep\n$/,
      ],
      [
        "update memberstack_plans set priority = 'secret' where id = 'pln_paid'",
        /: memberstack_plans: the row with app_id app_cf3\w+, id pln_paid has what is no integer in priority,/,
      ],
      [
        'update aftership_organizations set requests_per_second = 3000000000',
        /: aftership_organizations: .*out of range for type integer\n$/,
      ],
      [
        "delete from aftership_accounts where email = 'jane@acme.test'",
        /violates foreign key constraint "aftership_memberships_account"\n$/,
      ],
    ]
    const url = await emptyDatabase()
    for (const [broken, says] of cases) {
      const directory = await smallStore()
      const database = new DatabaseSync(join(directory, 'understudy.db'), { enableForeignKeyConstraints: false })
      database.exec(broken)
      database.close()
      const { code, stderr } = await move(directory, url)
      assert.match(stderr, says)
      assert.equal(stderr.includes('secret'), false)
      assert.equal(code, 1)
      assert.deepEqual(await rowsIn(url), {}, 'not even a table')
    }
  })

  const stumbles: [what: string, trigger: string, says: RegExp][] = [
    [
      'a database that changes what it is given is found out',
      "new.value = 'other'; return new;",
      /: settings: the rows came out other than they went in \(\d+ in, \d+ out\)\n$/,
    ],
    [
      'a connection that breaks half-way ends the move',
      'perform pg_terminate_backend(pg_backend_pid()); return new;',
      /: settings: (terminating connection due to administrator command|read ECONNRESET|write EPIPE)\n$/,
    ],
  ]
  for (const [what, trigger, says] of stumbles) {
    test(`${what}; nothing stays, and the next try goes well`, async () => {
      const url = await databaseWithTables()
      const directory = await smallStore([setting, 'club', 'as it was', 'then'])
      await query(
        url,
        `create function stumble() returns trigger language plpgsql as $$ begin ${trigger} end $$;
         create trigger stumble before insert on settings for each row execute function stumble()`,
      )
      const { code, stderr } = await move(directory, url)
      assert.match(stderr, says)
      assert.equal(code, 1)
      assert.deepEqual([...new Set(Object.values(await rowsIn(url)))], [0])
      await query(url, 'drop trigger stumble on settings')
      const again = await move(directory, url)
      assert.equal(again.code, 0, again.stderr)
    })
  }

  test('a database that holds anything is refused, and left as it is', async () => {
    const directory = await smallStore()
    const used = await usedDatabase()
    const foreign = await emptyDatabase()
    await query(foreign, 'create table invoices (id text)')
    for (const [url, says] of [
      [used, /: the target database is not empty: there are rows in data_keys\./],
      [foreign, /: the target database is not empty: it has tables of something else: invoices\./],
    ] as const) {
      const untouched = await rowsIn(url)
      const { code, stderr } = await move(directory, url)
      assert.match(stderr, says)
      assert.equal(code, 1)
      assert.deepEqual(await rowsIn(url), untouched)
    }
  })
}

if (server !== undefined) scenarios()

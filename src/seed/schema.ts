// The seed file: the whole starting state of a store. Every id, key and secret may be pinned or left out.

import { type Static, Type } from 'typebox'
import { AftershipSeed } from '../vendors/aftership/seed.ts'
import { EasypostSeed } from '../vendors/easypost/seed.ts'
import { MemberstackSeed } from '../vendors/memberstack/seed.ts'

const strict = { additionalProperties: false }

export const SeedFile = Type.Object(
  {
    aftership: Type.Optional(AftershipSeed),
    easypost: Type.Optional(EasypostSeed),
    memberstack: Type.Optional(MemberstackSeed),
    webhooks: Type.Optional(Type.Object({ allowPrivateAddresses: Type.Boolean() }, strict)),
    control: Type.Optional(
      Type.Object(
        {
          tokens: Type.Array(
            Type.Object(
              {
                name: Type.String({ minLength: 1, maxLength: 255 }),
                scope: Type.Enum(['read', 'write', 'admin']),
                token: Type.Optional(Type.String({ minLength: 8, maxLength: 1024 })),
                holder: Type.Optional(Type.String()),
              },
              strict,
            ),
          ),
        },
        strict,
      ),
    ),
  },
  strict,
)

export type Seed = Static<typeof SeedFile>

// Memberstack's official package for client code, unmodified, in Node and over a socket: contract section 17.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import memberstackClient from '@memberstack/client'
import { decodeJwt } from 'jose'
import {
  ACME,
  assertAuth,
  clientRecord,
  codeIn,
  gold,
  NEW_PASSWORD,
  tour,
  verifyToken,
} from '../memberstack.client.support.ts'
import { freeConnection, ids, type Json, keys, MEMBER_ID, PASSWORD, plans } from '../memberstack.support.ts'
import { startApp, type TestApp } from '../support.ts'

type Client = ReturnType<typeof memberstackClient.default.init>

interface Started {
  app: TestApp
  client: Client
  /** The package set up anew, as it is with a token from the start. */
  clientWith(token: string): Client
}

async function start({ publicKey = keys.acmePublic, ending = '' } = {}): Promise<Started> {
  const app = await startApp(ACME)
  const customEndpoint = `${await app.app.listen()}${ending}`
  const clientWith = (token?: string) =>
    memberstackClient.default.init({ publicKey, customEndpoint, ...(token === undefined ? {} : { token }) })
  return { app, clientWith, client: clientWith() }
}

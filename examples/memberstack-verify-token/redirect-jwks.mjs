// `verifyToken` of `@memberstack/admin` fetches Memberstack's keys from a fixed URL, whatever its `baseUrl`. Preloaded,
// this sends that one URL to the key set of your own server instead; every other request is left alone:
//
//   MEMBERSTACK_JWKS_URL=http://127.0.0.1:4600/jwks node --import ./redirect-jwks.mjs app.js
//
// Without the variable nothing changes.

import http from 'node:http'
import https from 'node:https'
import { syncBuiltinESMExports } from 'node:module'

const FIXED_URL = 'http://member-jwt.s3-website-us-east-1.amazonaws.com/'
const { get } = http

http.get = (url, ...rest) => {
  const target = process.env.MEMBERSTACK_JWKS_URL
  if (!target || String(url) !== FIXED_URL) return get(url, ...rest)
  return target.startsWith('https:') ? https.get(target, ...rest) : get(target, ...rest)
}
syncBuiltinESMExports()

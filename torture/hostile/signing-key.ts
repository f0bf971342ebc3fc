import { generateKeyPairSync } from 'node:crypto'

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })

export const PRIVATE_KEY = privateKey
export const PUBLIC_KEY = publicKey.export({ type: 'spki', format: 'pem' }).toString()

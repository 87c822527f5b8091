// Asks the portal that is told on standard input for tokens, in each of the ways that a client can show who it is, and
// prints what came of it.
import { readFileSync } from 'node:fs'
import * as oidc from 'openid-client'

const { issuer, id, secret, jwk } = JSON.parse(readFileSync(0, 'utf8'))
const key = await crypto.subtle.importKey('jwk', jwk, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign'])
const ways = {
  basic: oidc.ClientSecretBasic(secret),
  post: oidc.ClientSecretPost(secret),
  jwt: oidc.PrivateKeyJwt(key),
  wrong: oidc.ClientSecretPost('wrong'),
  challenged: oidc.ClientSecretBasic('wrong'),
}

for (const [name, way] of Object.entries(ways)) {
  try {
    const config = await oidc.discovery(new URL(issuer), id, undefined, way, { algorithm: 'oauth2' })
    const token = await oidc.clientCredentialsGrant(config, { scope: 'READ:USER' })
    const told = await oidc.tokenIntrospection(config, token.access_token)
    await oidc.tokenRevocation(config, token.access_token)
    console.log(name, token.access_token, token.token_type, token.expires_in, told.active, told.sub)
  } catch (e) {
    console.log(name, e.error ?? e.cause?.[0]?.scheme ?? e.message, e.status)
  }
}

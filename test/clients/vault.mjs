/** A secret from its making to its end, and the ways to log in, through node-vault, as it does it with Vault. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import nodeVault from 'node-vault'

const { VAULT_ADDR, VAULT_TOKEN, ROLE_ID, SECRET_ID, JWT } = process.env
const client = (token) => nodeVault({ apiVersion: 'v1', endpoint: VAULT_ADDR, token })
const vault = client(VAULT_TOKEN)
const refused = (work, status) => assert.rejects(work, (error) => error.response?.statusCode === status)

assert.equal((await vault.health()).initialized, true)
assert.equal((await vault.status()).sealed, false)
assert.ok('secret/' in (await vault.mounts()))
const made = await vault.write('secret/data/life/node', { data: { user: 'u' }, options: { cas: 0 } })
assert.equal(made.data.version, 1)
await refused(vault.write('secret/data/life/node', { data: { user: 'v' }, options: { cas: 0 } }), 400)
assert.deepEqual((await vault.read('secret/data/life/node')).data.data, { user: 'u' })
assert.deepEqual((await vault.list('secret/metadata/life')).data.keys, ['node'])
await vault.update('secret/data/life/node', { data: { password: 'p' } })
assert.deepEqual((await vault.read('secret/data/life/node')).data.data, { user: 'u', password: 'p' })
assert.deepEqual((await vault.read('secret/data/life/node?version=1')).data.data, { user: 'u' })
await vault.write('secret/metadata/life/node', { custom_metadata: { description: 'of a life' } })
const known = await vault.read('secret/metadata/life/node')
assert.deepEqual(known.data.custom_metadata, { description: 'of a life' })

await vault.delete('secret/data/life/node')
await refused(vault.read('secret/data/life/node'), 404)
await vault.write('secret/undelete/life/node', { versions: [2] })
assert.deepEqual((await vault.read('secret/data/life/node')).data.data, { user: 'u', password: 'p' })

await vault.write('secret/destroy/life/node', { versions: [1] })
await refused(vault.read('secret/data/life/node?version=1'), 404)

const wrapped = await vault.read('secret/data/life/node', { headers: { 'X-Vault-Wrap-TTL': '60' } })
assert.deepEqual([wrapped.data, wrapped.wrap_info.ttl], [null, 60])
const opened = await client(wrapped.wrap_info.token).unwrap({ token: wrapped.wrap_info.token })
assert.deepEqual(opened.data.data, { user: 'u', password: 'p' })
await refused(client(wrapped.wrap_info.token).unwrap({ token: wrapped.wrap_info.token }), 400)

for (const logIn of [
  (own) => own.approleLogin({ role_id: ROLE_ID, secret_id: SECRET_ID }),
  (own) => own.write('auth/jwt/login', { role: 'ci', jwt: JWT }),
  (own) => own.kubernetesLogin({ mount_point: 'kubernetes', role: 'pod', jwt: readFileSync('pod.token', 'utf8') }),
]) {
  const { auth } = await logIn(client(undefined))
  const own = client(auth.client_token)
  assert.equal((await own.tokenLookupSelf()).data.id, auth.client_token)
  assert.equal((await own.read('secret/data/life/node')).data.data.user, 'u')
  await refused(own.write('secret/data/life/node', { data: { user: 'v' } }), 403)
  await refused(own.tokenRenewSelf(), 400)
  await own.tokenRevokeSelf()
  await refused(own.tokenLookupSelf(), 403)
}

await vault.delete('secret/metadata/life/node')
await refused(vault.read('secret/data/life/node'), 404)
await refused(vault.read('transit/keys/a'), 404)
console.log('node-vault went well')

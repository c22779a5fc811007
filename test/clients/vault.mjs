/** A secret from its making to its end, through node-vault, as it does it with Vault. */
import assert from 'node:assert/strict'
import nodeVault from 'node-vault'

const vault = nodeVault({ apiVersion: 'v1', endpoint: process.env.VAULT_ADDR, token: process.env.VAULT_TOKEN })
const status = (error) => error.response?.statusCode

assert.equal((await vault.health()).initialized, true)
assert.ok('secret/' in (await vault.mounts()))
const made = await vault.write('secret/data/life/node', { data: { user: 'u' }, options: { cas: 0 } })
assert.equal(made.data.version, 1)
await assert.rejects(
  vault.write('secret/data/life/node', { data: { user: 'v' }, options: { cas: 0 } }),
  (error) => status(error) === 400,
)
assert.deepEqual((await vault.read('secret/data/life/node')).data.data, { user: 'u' })
assert.deepEqual((await vault.list('secret/metadata/life')).data.keys, ['node'])
const own = await vault.tokenLookupSelf()
const login = await vault.approleLogin({ role_id: own.data.accessor, secret_id: process.env.VAULT_TOKEN })
assert.equal(login.auth.client_token, process.env.VAULT_TOKEN)
await vault.delete('secret/metadata/life/node')
await assert.rejects(vault.read('secret/data/life/node'), (error) => status(error) === 404)
console.log('node-vault went well')

/** A list and its values from their making to their end, through the package @netactuate/sdk. */
import assert from 'node:assert/strict'
import { Client, NetActuateError, NetActuateNotFoundError } from '@netactuate/sdk'

const api = new Client({ apiKey: process.env.NETACTUATE_API_KEY, baseUrl: process.env.BASE_URL })
const text = '100% + a=b&c;d ä🔑\r\n\t \'"\\ '

/** A refusal that is not taken for absence. */
const refused = (error) => error instanceof NetActuateError && !(error instanceof NetActuateNotFoundError)
const absent = NetActuateNotFoundError

const list = await api.createSecretList('prod')
assert.ok(list.id > 0)
assert.deepEqual(
  (await api.getSecretLists()).map(({ name }) => name),
  ['prod'],
)
await assert.rejects(api.createSecretList('prod'), refused)
assert.equal((await api.updateSecretList(list.id, 'prod-2')).name, 'prod-2')
assert.equal((await api.getSecretList(list.id)).name, 'prod-2')

const one = await api.createSecretListValue(list.id, 'DB_PASSWORD', text)
assert.ok(Object.values(await api.getSecretListValue(list.id, one.id)).includes(text))
await assert.rejects(api.createSecretListValue(list.id, 'DB_PASSWORD', 'x'), refused)
const changed = await api.updateSecretListValue(list.id, one.id, 'DB_PASSWORD_2', 'w')
assert.equal(changed.id, one.id)
assert.ok(Object.values(await api.getSecretListValue(list.id, one.id)).includes('w'))
assert.equal((await api.getSecretListValues(list.id)).length, 1)
assert.equal((await api.getAllSecretValues()).length, 1)

await api.deleteSecretListValue(list.id, one.id)
await assert.rejects(api.getSecretListValue(list.id, one.id), absent)
await api.deleteSecretList(list.id)
await assert.rejects(api.getSecretList(list.id), absent)
await assert.rejects(api.getSecretListValues(list.id), absent)
assert.deepEqual(await api.getSecretLists(), [])
